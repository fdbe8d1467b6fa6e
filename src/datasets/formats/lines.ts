// Files of rows, one JSON value each, with the line every value starts on: JSON Lines, or one JSON array as ShareGPT files often are.
import { problem, type Problem } from './problems';

export interface Item {
  line: number;
  value: unknown;
}

/** Characters; what lies beyond would be held several times over while it is read. */
export const longestFile = 64 * 1024 * 1024;
export const mostRows = 100_000;

export const jsonLines = (values: readonly unknown[]): string => values.map(value => `${JSON.stringify(value)}\n`).join('');

function parse(text: string, line: number, items: Item[], problems: Problem[]): void {
  try {
    items.push({ line, value: JSON.parse(text) });
  } catch (error) {
    problems.push(problem(line, 'json', `this is no JSON: ${(error as Error).message.slice(0, 120)}`));
  }
}

/** Where the elements of a top-level array start and end, by brackets outside of strings. */
function elements(text: string): { from: number; to: number }[] {
  const found: { from: number; to: number }[] = [];
  let [depth, from, inString] = [0, -1, false];
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (inString) {
      if (c === '\\') i++;
      else if (c === '"') inString = false;
      continue;
    }
    if (c === '"') inString = true;
    if (c === ']' || c === '}') depth--;
    if (depth === (c === ']' ? 0 : 1) && (c === ',' || c === ']')) {
      if (from >= 0) found.push({ from, to: i });
      from = -1;
    } else if (depth >= 1 && from < 0 && !/\s/.test(c)) from = i;
    if (c === '[' || c === '{') depth++;
  }
  return found;
}

/** Rows of a file with the problems met on the way; unreadable lines are left out of the rows. */
export function readItems(file: string): { items: Item[]; problems: Problem[] } {
  const items: Item[] = [];
  const problems: Problem[] = [];
  if (file.length > longestFile) return { items, problems: [problem(0, 'size', 'the file is larger than 64 MB')] };
  const text = file.replace(/^\uFEFF/, '');
  if (/^\s*\[/.test(text)) {
    let [line, at] = [1, 0];
    for (const { from, to } of elements(text)) {
      for (; at < from; at++) if (text[at] === '\n') line++;
      parse(text.slice(from, to), line, items, problems);
    }
    // The pieces may be fine where the whole is not.
    if (!problems.length) {
      try {
        JSON.parse(text);
      } catch (error) {
        problems.push(problem(0, 'json', `the list is no JSON: ${(error as Error).message.slice(0, 120)}`));
      }
    }
  } else
    text.split(/\r\n|\n|\r/).forEach((row, i) => {
      if (row.trim()) parse(row, i + 1, items, problems);
    });
  if (items.length > mostRows) return { items: [], problems: [problem(0, 'size', `more than ${mostRows} rows`)] };
  if (!items.length && !problems.length) problems.push(problem(0, 'count', 'the file has no rows'));
  return { items, problems };
}
