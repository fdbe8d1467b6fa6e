// JSONL from a stream of a process that may write anything.

/** Longest line of the worker protocol, in UTF-16 units: a process gone mad must not fill the memory of its server. */
const longest = 64 << 10;

/** @param on each whole line that is a JSON object; anything else, and longer lines, are passed over @returns feed it the stream piece by piece */
export function jsonLines(on: (value: Record<string, unknown>) => void): (piece: string) => void {
  let rest = '';
  let tooLong = false;
  const line = (text: string): void => {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      return;
    }
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) on(value as Record<string, unknown>);
  };
  return piece => {
    const parts = piece.split('\n');
    const last = parts.pop()!;
    for (const part of parts) {
      const whole = rest + part;
      if (!tooLong && whole.length <= longest) line(whole);
      rest = '';
      tooLong = false;
    }
    if (!tooLong) rest += last;
    if (rest.length > longest) {
      rest = '';
      tooLong = true;
    }
  };
}
