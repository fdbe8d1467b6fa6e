// A share as people write one: 0.5, 50 %, 2/3.

/** null = not a number from 0 to 1. */
export function readShare(text: string): number | null {
  const typed = text.trim().replace(',', '.');
  const parts = /^(\d+(?:\.\d+)?)\s*(?:(%)|\/\s*(\d+(?:\.\d+)?))?$/.exec(typed);
  if (!parts) return null;
  const value = parts[2] ? Number(parts[1]) / 100 : parts[3] ? Number(parts[1]) / Number(parts[3]) : Number(parts[1]);
  return value >= 0 && value <= 1 ? value : null;
}

/** As {@link readShare} reads it back: 2/3 stays 2/3. */
export function shareText(value: number): string {
  for (let of = 3; of <= 9; of++) {
    const part = Math.round(value * of);
    // Halves, quarters, fifths and eighths are short as decimals.
    if (part / of === value && String(value).length > 6) return `${part}/${of}`;
  }
  return String(value);
}
