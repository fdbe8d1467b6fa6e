// Training files row by row (endpoint.md §2.5): what is wrong with the data is found before a trainer is started, and told by line.
import type { Limits } from './limits';

/** The file cannot be trained on; the message names the line. */
export class RowsError extends Error {
  override readonly name = 'RowsError';
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const roles: readonly unknown[] = ['system', 'user', 'assistant'];
const maxDepth = 8;

/** Brackets open at once, outside texts: deep nesting must not reach the parser. */
function depthOf(json: string): number {
  let [depth, deepest, quoted] = [0, 0, false];
  for (let at = 0; at < json.length; at++) {
    const char = json[at];
    if (quoted) {
      if (char === '\\') at++;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === '{' || char === '[') deepest = Math.max(deepest, ++depth);
    else if (char === '}' || char === ']') depth--;
  }
  return deepest;
}

/** @returns what is wrong; null when nothing is */
export function wrongWith(line: string, maxMessages: number): string | null {
  if (depthOf(line) > maxDepth) return `is nested deeper than ${maxDepth}`;
  let row: unknown;
  try {
    row = JSON.parse(line);
  } catch {
    return 'is not JSON';
  }
  if (!isRecord(row) || !Array.isArray(row.messages)) return 'has no list of messages';
  const extra = Object.keys(row).find(key => key !== 'messages');
  if (extra !== undefined) return `has a field ${JSON.stringify(extra.slice(0, 80))}, and only messages are trained on`;
  if (!row.messages.length) return 'has no messages';
  if (row.messages.length > maxMessages) return `has ${row.messages.length} messages, and ${maxMessages} is the limit`;
  let trained = false;
  for (const [at, message] of (row.messages as unknown[]).entries()) {
    const where = `messages[${at}]`;
    if (!isRecord(message)) return `${where} is not an object`;
    if (!roles.includes(message.role)) return `${where}.role is not system, user or assistant`;
    if (typeof message.content !== 'string') return `${where}.content is not a text`;
    const other = Object.keys(message).find(key => !['role', 'content', 'weight'].includes(key));
    if (other !== undefined) return `${where} has a field ${JSON.stringify(other.slice(0, 80))} that is not understood here`;
    if (message.weight !== undefined) {
      if (message.role !== 'assistant') return `${where}.weight stands on a message that is never trained on`;
      if (message.weight !== 0 && message.weight !== 1) return `${where}.weight is not 0 or 1`;
    }
    if (message.role === 'assistant' && message.weight !== 0) trained = true;
  }
  return trained ? null : 'has no assistant message of weight 1: nothing would be trained';
}

/** Hands the thread back between batches, so that a large file does not stop the endpoint from answering. */
const breathe = (): Promise<void> => new Promise(resolve => setTimeout(resolve, 0));
const batch = 500;

/**
 * @returns the number of rows; blank lines are passed over
 * @throws RowsError naming the first wrong line, from 1
 */
export async function checkRows(
  bytes: Uint8Array,
  limits: Pick<Limits, 'rows' | 'row' | 'messages'>,
  signal?: AbortSignal,
): Promise<number> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let [rows, line, start] = [0, 0, 0];
  while (start < bytes.length) {
    const found = bytes.indexOf(0x0a, start);
    const end = found < 0 ? bytes.length : found;
    line++;
    if (end - start > limits.row) throw new RowsError(`line ${line} has ${end - start} bytes, and ${limits.row} is the limit`);
    let text = '';
    try {
      text = decoder.decode(bytes.subarray(start, end));
    } catch {
      throw new RowsError(`line ${line} is not text in UTF-8`);
    }
    start = end + 1;
    if (!text.trim()) continue;
    const wrong = wrongWith(text, limits.messages);
    if (wrong !== null) throw new RowsError(`line ${line} ${wrong}`);
    if (++rows > limits.rows) throw new RowsError(`more than ${limits.rows} rows`);
    if (line % batch === 0) {
      await breathe();
      signal?.throwIfAborted();
    }
  }
  if (!rows) throw new RowsError('the file has no rows');
  return rows;
}
