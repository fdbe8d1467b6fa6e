// Training files row by row (endpoint.md §2.5): what is wrong with the data is found before a trainer is started, and told by line.
import type { Method } from './engine';
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

type Row = Record<string, unknown>;

const strange = (row: Row, known: readonly string[]): string | undefined => {
  const extra = Object.keys(row).find(key => !known.includes(key));
  return extra === undefined ? undefined : JSON.stringify(extra.slice(0, 80));
};

/** @param keys fields that a message may have */
function wrongWithMessage(message: unknown, where: string, keys: readonly string[]): string | null {
  if (!isRecord(message)) return `${where} is not an object`;
  if (!roles.includes(message.role)) return `${where}.role is not system, user or assistant`;
  if (typeof message.content !== 'string') return `${where}.content is not a text`;
  const other = strange(message, keys);
  if (other !== undefined) return `${where} has a field ${other} that is not understood here`;
  if (message.weight === undefined) return null;
  if (message.role !== 'assistant') return `${where}.weight stands on a message that is never trained on`;
  return message.weight === 0 || message.weight === 1 ? null : `${where}.weight is not 0 or 1`;
}

function wrongWithChat(row: Row, maxMessages: number): string | null {
  const { messages } = row;
  if (!Array.isArray(messages)) return 'has no list of messages';
  const extra = strange(row, ['messages']);
  if (extra !== undefined) return `has a field ${extra}, and only messages are trained on`;
  if (!messages.length) return 'has no messages';
  if (messages.length > maxMessages) return `has ${messages.length} messages, and ${maxMessages} is the limit`;
  for (const [at, message] of (messages as unknown[]).entries()) {
    const wrong = wrongWithMessage(message, `messages[${at}]`, ['role', 'content', 'weight']);
    if (wrong !== null) return wrong;
  }
  const isTrained = ({ role, weight }: Row): boolean => role === 'assistant' && weight !== 0;
  return (messages as Row[]).some(isTrained) ? null : 'has no assistant message of weight 1: nothing would be trained';
}

function wrongWithPair(row: Row, maxMessages: number): string | null {
  const { input } = row;
  if (!isRecord(input) || !Array.isArray(input.messages) || !input.messages.length) return 'has no list input.messages';
  const extra = strange(row, ['input', 'preferred_output', 'non_preferred_output']);
  if (extra !== undefined) return `has a field ${extra} that is not understood here`;
  const inner = strange(input, ['messages']);
  if (inner !== undefined) return `has a field input.${inner} that is not understood here`;
  const { messages } = input as { messages: unknown[] };
  if (messages.length > maxMessages) return `has ${messages.length} messages, and ${maxMessages} is the limit`;
  for (const [at, message] of messages.entries()) {
    const wrong = wrongWithMessage(message, `input.messages[${at}]`, ['role', 'content']);
    if (wrong !== null) return wrong;
  }
  if ((messages.at(-1) as Row).role === 'assistant') return 'has an input that ends with an answer';
  const answers: string[] = [];
  for (const name of ['preferred_output', 'non_preferred_output']) {
    const output = row[name];
    if (!Array.isArray(output) || output.length !== 1) return `has no ${name} of one message`;
    const wrong = wrongWithMessage(output[0], `${name}[0]`, ['role', 'content']);
    if (wrong !== null) return wrong;
    const { role, content } = output[0] as { role: string; content: string };
    if (role !== 'assistant') return `${name}[0].role is not assistant`;
    answers.push(content);
  }
  return answers[0] === answers[1] ? 'prefers an answer to itself' : null;
}

/** @returns what is wrong; null when nothing is */
export function wrongWith(line: string, maxMessages: number, method: Method = 'supervised'): string | null {
  if (depthOf(line) > maxDepth) return `is nested deeper than ${maxDepth}`;
  let row: unknown;
  try {
    row = JSON.parse(line);
  } catch {
    return 'is not JSON';
  }
  if (!isRecord(row)) return 'is not an object';
  return method === 'dpo' ? wrongWithPair(row, maxMessages) : wrongWithChat(row, maxMessages);
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
  method: Method,
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
    const wrong = wrongWith(text, limits.messages, method);
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
