// Seven ways to work out a + b·c + d − e·f. They pass through different intermediate values, not only different words.
import type { Problem } from './problem';
import { careful, type Author } from './slips';

/** The word a solution opens with names its style. */
export const styles = ['First', 'From', 'Plus', 'Pair', 'Split', 'Tens', 'Factor'] as const;
export type Style = (typeof styles)[number];

export const styleNames: Record<Style, string> = {
  First: 'order of operations',
  From: 'from the right',
  Plus: 'plus terms first',
  Pair: 'products paired',
  Split: 'factors split',
  Tens: 'round to tens, subtract early',
  Factor: 'common factor',
};

/** The style of a solution, or null when the text follows none of them. A critic's opening check is skipped. */
export function styleOf(text: string): Style | null {
  const word = /^\s*(?:Check [^.]*\.\s*)?([A-Z][a-z]+)\b/.exec(text)?.[1];
  return styles.find(style => style === word) ?? null;
}

const plus = (x: number, y: number): string => (y < 0 ? `${x}-${-y}` : `${x}+${y}`);

/** A product taken apart at its larger factor: 7*4=5*4+2*4=20+8=28. */
function partwise(
  u: number,
  v: number,
  parts: (factor: number) => readonly [number, number] | null,
  author: Author,
): { text: string; value: number } {
  const large = u >= v ? u : v;
  const split = parts(large);
  if (!split) {
    const value = author(u * v);
    return { text: `${u}*${v}=${value}`, value };
  }
  const [x, y] = split;
  const term = (part: number): string => (u >= v ? `${part}*${v}` : `${u}*${part}`);
  const small = u >= v ? v : u;
  const g = author(x * small);
  const h = author(Math.abs(y) * small);
  const sign = y < 0 ? '-' : '+';
  const value = author(y < 0 ? g - h : g + h);
  return { text: `${u}*${v}=${term(x)}${sign}${term(Math.abs(y))}=${g}${sign}${h}=${value}`, value };
}

/** 17 = 10 + 7, 8 = 5 + 3, 4 = 2 + 2; one and two stay whole. */
const additive = (factor: number): readonly [number, number] | null => {
  const base = factor > 10 ? Math.floor((factor - 1) / 10) * 10 : factor > 5 ? 5 : factor > 2 ? 2 : 0;
  return base ? [base, factor - base] : null;
};
/** 8 = 10 − 2, 13 = 10 + 3, 18 = 20 − 2; five and less stay whole, and so do full tens. */
const nearTens = (factor: number): readonly [number, number] | null => {
  const base = Math.floor((factor + 4) / 10) * 10;
  return base && base !== factor ? [base, factor - base] : null;
};

const solvers: Record<Style, (problem: Problem, author: Author) => [text: string, result: number]> = {
  First([a, b, c, d, e, f], author) {
    const p = author(b * c);
    const q = author(e * f);
    const x = author(a + p);
    const y = author(x + d);
    const z = author(y - q);
    return [`First multiply: ${b}*${c}=${p} and ${e}*${f}=${q}. Then ${plus(a, p)}=${x}, ${plus(x, d)}=${y}, ${plus(y, -q)}=${z}.`, z];
  },
  From([a, b, c, d, e, f], author) {
    const q = author(e * f);
    const x = author(d - q);
    const p = author(b * c);
    const y = author(p + x);
    const z = author(a + y);
    return [`From the right: ${e}*${f}=${q}, ${plus(d, -q)}=${x}, ${b}*${c}=${p}, ${plus(p, x)}=${y}, ${plus(a, y)}=${z}.`, z];
  },
  Plus([a, b, c, d, e, f], author) {
    const x = author(a + d);
    const p = author(b * c);
    const y = author(x + p);
    const q = author(e * f);
    const z = author(y - q);
    return [`Plus terms: ${plus(a, d)}=${x}, ${b}*${c}=${p}, ${plus(x, p)}=${y}. Minus ${e}*${f}=${q}: ${plus(y, -q)}=${z}.`, z];
  },
  Pair([a, b, c, d, e, f], author) {
    const p = author(b * c);
    const q = author(e * f);
    const x = author(p - q);
    const y = author(a + d);
    const z = author(y + x);
    return [`Pair the products: ${b}*${c}=${p}, ${e}*${f}=${q}, ${plus(p, -q)}=${x}. Rest ${plus(a, d)}=${y}, ${plus(y, x)}=${z}.`, z];
  },
  Split([a, b, c, d, e, f], author) {
    const p = partwise(b, c, additive, author);
    const x = author(p.value + d);
    const q = partwise(e, f, additive, author);
    const y = author(x - q.value);
    const z = author(y + a);
    return [`Split: ${p.text}, ${plus(p.value, d)}=${x}. ${q.text}, ${plus(x, -q.value)}=${y}. Add ${plus(y, a)}=${z}.`, z];
  },
  Tens([a, b, c, d, e, f], author) {
    const q = partwise(e, f, nearTens, author);
    const x = author(a - q.value);
    const y = author(x + d);
    const p = partwise(b, c, nearTens, author);
    const z = author(y + p.value);
    return [`Tens: ${q.text}, ${plus(a, -q.value)}=${x}, ${plus(x, d)}=${y}. ${p.text}, ${plus(y, p.value)}=${z}.`, z];
  },
  // b·c − e·f = b·(c − f) + f·(b − e)
  Factor([a, b, c, d, e, f], author) {
    const u = author(c - f);
    const v = author(b - e);
    const p = author(b * u);
    const q = author(f * v);
    const x = author(p + q);
    const y = author(a + d);
    const z = author(y + x);
    const products = `${b}*${u}=${p}, ${plus(b, -e)}=${v}, ${f}*${v}=${q}`;
    return [`Factor: ${plus(c, -f)}=${u}, ${products}, ${plus(p, q)}=${x}. Rest ${plus(a, d)}=${y}, ${plus(y, x)}=${z}.`, z];
  },
};

/** A solution ending in `\boxed{…}`, as the author writes it. */
export function solve(problem: Problem, style: Style, author: Author = careful): string {
  const [text, result] = solvers[style](problem, author);
  return `${text} So \\boxed{${result}}`;
}
