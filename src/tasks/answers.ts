// Finding the answer in a response. No answer is an outcome (null), never a guess.
import { keyOf } from './keys';
import type { Equality, Extraction } from './question';

/**
 * `boxed`: the last well-formed `\boxed{…}` with balanced braces.
 * `boxed-or-last-number`: the same; where a finished response has no `\boxed` at all, its last number (the paper's arithmetic).
 */
export type ExtractionRule = 'boxed' | 'boxed-or-last-number';

export const extractionWords: Record<ExtractionRule, string> = {
  boxed: 'The last \\boxed{…} with balanced braces. Without one, the response is unparsed.',
  'boxed-or-last-number': 'The last \\boxed{…} with balanced braces; in a finished response without any, the last number.',
};

interface Span {
  start: number;
  end: number;
}

/** Content of the last `\boxed{…}` whose braces balance; `\{` and `\}` are characters, not braces. One pass, whatever the text. */
function lastBoxed(text: string): Span | null {
  const open = '\\boxed{';
  const starts: (number | null)[] = [];
  let last: Span | null = null;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') {
      if (text.startsWith(open, i)) starts.push((i += open.length - 1) + 1);
      else if (text[i + 1] !== '\\') i++;
    } else if (text[i] === '{') starts.push(null);
    else if (text[i] === '}') {
      const start = starts.pop();
      if (typeof start === 'number' && start > (last?.start ?? -1)) last = { start, end: i };
    }
  }
  return last;
}

/** A minus directly after a digit or a bracket is an operator; elsewhere it is a sign. */
function lastNumber(text: string): Span | null {
  const found = [...text.matchAll(/(?:(?<![\d)\]])-)?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:\/\d+)?/g)].at(-1);
  return found ? { start: found.index, end: found.index + found[0].length } : null;
}

/**
 * The answer a response states, or null (unparsed).
 * @param complete false when the response was cut off: then a last number is only where it broke off, not an answer
 */
export function extractAnswer(text: string, rule: ExtractionRule, equality: Equality, complete = true): Extraction | null {
  let span = lastBoxed(text);
  if (!span && rule === 'boxed-or-last-number' && complete && !text.includes('\\boxed')) span = lastNumber(text);
  const key = span && keyOf(text.slice(span.start, span.end), equality);
  return span && key !== null ? { key, ...span } : null;
}
