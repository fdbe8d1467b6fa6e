// Human-like wrong values. Authors of solutions are imperfect on purpose: voting and debate need something to mend.
import { integer, pick, type Random } from './random';

/** Turns a right intermediate value into the one the author writes down. */
export type Author = (value: number) => number;

export const careful: Author = value => value;

/** Off by one, by ten, by a little, or one digit misread; never the value itself, and never a new sign out of nowhere. */
export function slip(random: Random, value: number): number {
  for (;;) {
    const kind = random();
    let wrong: number;
    if (kind < 0.35) wrong = value + pick(random, [-1, 1]);
    else if (kind < 0.6) wrong = value + pick(random, [-10, 10]);
    else if (kind < 0.8) wrong = value + pick(random, [-2, 2, -3, 3, -5, 5]);
    else {
      const digits = [...String(Math.abs(value))];
      digits[integer(random, 0, digits.length - 1)] = String(integer(random, 0, 9));
      wrong = Number(digits.join('')) * (value < 0 ? -1 : 1);
    }
    if (wrong !== value && (value === 0 || Math.sign(wrong) * Math.sign(value) >= 0)) return wrong;
  }
}

/** An author who gets each step wrong with probability `rate` and builds on what was written. */
export const imperfect =
  (random: Random, rate: number): Author =>
  value =>
    random() < rate ? slip(random, value) : value;
