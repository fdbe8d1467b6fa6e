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

/** The earliest step, in reading order, that several of the texts wrote with different values; null when they share no such step. */
export function firstDispute(texts: readonly string[]): Dispute | null {
  const written = new Map<string, number[]>();
  for (const text of texts) {
    // Within one text the first value counts: two texts dispute, not one with itself.
    const own = new Map<string, number>();
    for (const { left, value } of stepsOf(text)) if (!own.has(left)) own.set(left, value);
    for (const [left, value] of own) {
      const values = written.get(left) ?? [];
      if (!values.includes(value)) values.push(value);
      written.set(left, values);
    }
  }
  for (const [left, values] of written) if (values.length > 1) return { left, values };
  return null;
}
