// The arithmetic steps written in a solution, and where two solutions part.

export interface Step {
  /** Left side, e.g. `4*8` or `2-32`. */
  left: string;
  /** The value the author wrote. */
  value: number;
}

/** The value of `x*y`, `x+y` or `x-y` with integers, or null for anything else. */
export function evaluate(left: string): number | null {
  const match = /^(-?\d+)([*+-])(-?\d+)$/.exec(left);
  if (!match) return null;
  const [x, y] = [Number(match[1]), Number(match[3])];
  // + 0 turns -0 into 0.
  return (match[2] === '*' ? x * y : match[2] === '+' ? x + y : x - y) + 0;
}

/** All steps with one operation, in order. In a chain `7*8=7*5+7*3=35+21=56` both `7*8` and `35+21` are steps with the value 56. */
export function stepsOf(text: string): Step[] {
  const steps: Step[] = [];
  for (const [chain] of text.matchAll(/[-+*\d]+(?:=[-+*\d]+)+/g)) {
    const parts = chain.split('=');
    const value = Number(parts.at(-1));
    if (!Number.isSafeInteger(value)) continue;
    for (const left of parts.length > 2 ? [parts[0]!, parts.at(-2)!] : [parts[0]!])
      if (evaluate(left) !== null) steps.push({ left, value });
  }
  return steps;
}

/** The number in the last `\boxed{…}`, or null. */
export function boxed(text: string): number | null {
  const found = [...text.matchAll(/\\boxed\{(-?\d+)\}/g)].at(-1);
  return found ? Number(found[1]) : null;
}

export interface Dispute {
  left: string;
  /** The values written for it, in order of appearance. */
  values: number[];
}

/** The first step, reading on, that contradicts what an earlier text wrote for it; null when the texts share no such step. */
export function firstDispute(texts: readonly string[]): Dispute | null {
  // Within one text the first value counts: texts dispute with each other, not with themselves.
  const written = texts.map(
    text =>
      new Map(
        stepsOf(text)
          .reverse()
          .map(({ left, value }) => [left, value]),
      ),
  );
  for (const [i, text] of texts.entries())
    for (const { left } of stepsOf(text)) {
      const value = written[i]!.get(left);
      if (written.slice(0, i).some(earlier => earlier.has(left) && earlier.get(left) !== value)) {
        const values = written.flatMap(steps => steps.get(left) ?? []);
        return { left, values: [...new Set(values)] };
      }
    }
  return null;
}
