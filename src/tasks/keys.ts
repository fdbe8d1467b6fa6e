// The canonical form of an answer, one rule per kind of task. Vote, consensus and grading all compare these and nothing else.
import type { Equality, Key } from './question';

/** Reduced fraction as text, `n` or `n/d` with d > 1; null when the denominator is zero. */
function fraction(numerator: bigint, denominator: bigint): Key | null {
  if (denominator === 0n) return null;
  const sign = numerator < 0n !== denominator < 0n && numerator !== 0n ? '-' : '';
  const [n, d] = [numerator < 0n ? -numerator : numerator, denominator < 0n ? -denominator : denominator];
  let [a, b] = [n, d];
  while (b) [a, b] = [b, a % b];
  return d === a ? `${sign}${n / a}` : `${sign}${n / a}/${d / a}`;
}

const integer = String.raw`(?:\d{1,3}(?:,\d{3})+|\d+)`;
const decimal = new RegExp(`^(${integer})?(?:\\.(\\d*))?$`);

/** `1,234.50` as numerator and denominator; a point needs a digit on one side, and commas must set off thousands. */
function unsigned(text: string): [bigint, bigint] | null {
  const match = decimal.exec(text);
  if (!match || (!match[1] && !match[2])) return null;
  const digits = match[2] ?? '';
  return [BigInt((match[1] ?? '').replaceAll(',', '') + digits), 10n ** BigInt(digits.length)];
}

/** Longer numbers are not answers; exact arithmetic on them could stall a page that opened a hostile run. */
const maxLength = 200;

function rational(text: string): Key | null {
  const percent = text.endsWith('%') ? 100n : 1n;
  const body = percent === 100n ? text.slice(0, -1) : text;
  const sign = body.startsWith('-') ? -1n : 1n;
  const [top, bottom, ...rest] = body.replace(/^[-+]/, '').split('/');
  const n = unsigned(top ?? '');
  const d = bottom === undefined ? ([1n, 1n] as [bigint, bigint]) : unsigned(bottom);
  return n && d && !rest.length ? fraction(sign * n[0] * d[1], n[1] * d[0] * percent) : null;
}

/** LaTeX spellings of the same number: `\frac{1}{2}`, `\dfrac12`, `1{,}234`, `\$5`, `5\%`, a minus sign, thin spaces. */
const plainNumber = (text: string): string =>
  text
    .replaceAll('−', '-')
    .replaceAll('{,}', ',')
    .replace(/\\[!,;:]|\\ |~/g, '')
    .replace(/\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}/g, '$1/$2')
    .replace(/\\[dt]?frac\s*(\d)\s*(\d)/g, '$1/$2')
    .replace(/\\?\$|\\(?=%)/g, '')
    .replace(/\s*([/%])\s*/g, '$1')
    .replace(/^([-+])\s+/, '$1')
    .trim();

/**
 * `numeric`: an exact rational, so 1/2 = 0.5 = 2/4, 1,234 = 1234 and 12% = 0.12. A unit after the number is not part of the answer
 * (`5 apples` = 5): where units distinguish answers, use `latex` or `exact`. Two numbers, or none, make no answer.
 */
function numericKey(answer: string): Key | null {
  if (answer.length > maxLength) return null;
  const text = plainNumber(answer).replace(/\.$/, '');
  const whole = rational(text);
  if (whole !== null) return whole;
  const unit = /^([-+]?[\d.,/]*\d%?)\s*(?:\\(?:text|mathrm|textbf)\s*\{[^{}\d]*\}|[a-zA-Z°€£][^\d]*)$/.exec(text);
  return unit ? rational(unit[1]!) : null;
}

/**
 * `latex`: spacing, `\left`/`\right`, `$` and fraction spellings do not matter; brackets, units and letters do.
 * What is a plain number gets its numeric key, so `\frac{2}{4}` = 0.5; `(1,2)` is not `[1,2]`, and `5\text{ s}` is not `5\text{ min}`.
 */
function latexKey(answer: string): Key | null {
  const text = answer
    .replaceAll('−', '-')
    .replace(/\\left|\\right|\\[!,;:]|\\ |~|\\?\$/g, '')
    .replace(/\\[dt]frac/g, '\\frac')
    .replace(/\\frac\s*(\d)\s*(\d)/g, '\\frac{$1}{$2}')
    .replace(/\\(?:text|mathrm|textbf)\s*\{([^{}]*)\}/g, '$1')
    .replace(/(?<!\d)\s+|\s+(?!\d)/g, '')
    .replace(/\.$/, '');
  if (!text) return null;
  const number = answer.length > maxLength ? null : rational(plainNumber(text));
  return number ?? text;
}

/** `choice`: one letter, however it is set off: `B`, `(b)`, `B.`, `B) because`, `\text{B}`. */
function choiceKey(answer: string): Key | null {
  const text = answer.replace(/\\(?:text|mathrm|textbf)\s*\{([^{}]*)\}/g, '$1').trim();
  return /^\(?([A-Za-z])(?:$|[).:\]\s])/.exec(text)?.[1]?.toUpperCase() ?? null;
}

/** `exact`: the characters themselves, with runs of white space as one space. */
const exactKey = (answer: string): Key | null => answer.normalize('NFC').trim().replace(/\s+/g, ' ') || null;

const rules: Record<Equality, (answer: string) => Key | null> = {
  numeric: numericKey,
  latex: latexKey,
  choice: choiceKey,
  exact: exactKey,
};

/** The key of an answer as written, or null when it is none of this kind. Nothing is ever evaluated as code. */
export const keyOf = (answer: string, equality: Equality): Key | null => rules[equality](answer);
