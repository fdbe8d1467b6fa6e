// Every format, and the two things done with a file of one: checking it for its target, and reading it back.
import type { TrainMessage } from '../records';
import { chat } from './chat';
import type { Format, FormatId } from './format';
import { readItems } from './lines';
import { isObject } from './messages';
import { preference } from './preference';
import { fewestRows, problem, type Problem } from './problems';
import { promptCompletion } from './prompt-completion';
import { sharegpt } from './sharegpt';

export const formats: readonly Format[] = [chat, promptCompletion, preference, sharegpt];

/** @throws RangeError for a format this version does not have */
export function formatById(id: FormatId): Format {
  const format = formats.find(candidate => candidate.id === id);
  if (!format) throw new RangeError(`no format "${String(id)}"`);
  return format;
}

export interface ReadFile {
  format: Format | null;
  rows: TrainMessage[][];
  problems: Problem[];
  note: string | null;
}

/** @param as the format it is to be; left out, its first row tells. */
export function readFile(text: string, as?: FormatId): ReadFile {
  const { items, problems } = readItems(text);
  const first = items.find(({ value }) => isObject(value))?.value as Record<string, unknown> | undefined;
  const format = as ? formatById(as) : (formats.find(candidate => first && candidate.recognises(first)) ?? null);
  if (!format) {
    if (items.length) problems.push(problem(items[0]!.line, 'shape', 'no format has rows with these fields'));
    return { format, rows: [], problems, note: null };
  }
  const rows = items.flatMap(({ line, value }) => {
    if (!isObject(value)) {
      problems.push(problem(line, 'json', 'this is no JSON object'));
      return [];
    }
    return format.read(value, line, problems);
  });
  problems.sort((x, y) => x.line - y.line);
  return { format, rows, problems, note: format.note ?? null };
}

/**
 * What a target would say about a file. Everything we write passes it, and a field it does not know is an error here: some services refuse it.
 */
export function validate(text: string, as: FormatId): Problem[] {
  const { rows, problems } = readFile(text, as);
  const strict = problems.map((found): Problem => (found.rule === 'keys' ? { ...found, severity: 'error' } : found));
  if (rows.length && rows.length < fewestRows)
    strict.push(
      problem(
        0,
        'count',
        `${rows.length} ${rows.length === 1 ? 'row' : 'rows'}: several services refuse fewer than ${fewestRows}`,
        'warning',
      ),
    );
  return strict;
}
