// Training rows as the model reads them: token ids, and which of them are targets. Masks come from the chat template itself, so they fit any model.
import type { EngineMessage } from '../../models/engine';
import type { Tokenizer } from '../../models/tokenizer';
import { TrainError } from '../engine';

export interface MaskedRow {
  /** Up to the last target: what follows it would only cost time. */
  tokens: number[];
  /** 1 where the token is a target. */
  mask: (0 | 1)[];
}

/** What of a model decides how rows become tokens. */
export interface RowRules {
  tokenizer: Tokenizer;
  /** Tokens that end an answer at inference. */
  stops: ReadonlySet<number>;
  /** Null where the model has none. */
  bos: number | null;
  /** Longest row, in tokens. */
  longest: number;
}

export interface Turn extends EngineMessage {
  weight?: number;
}

const roles: readonly unknown[] = ['system', 'user', 'assistant'];
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Why a row cannot be trained on; `readRows` adds the line. */
export class RowError extends Error {}

export function turnsIn(messages: unknown, name = 'messages'): Turn[] {
  if (!Array.isArray(messages) || !messages.length) throw new RowError(`has no ${name}`);
  return messages.map((message: unknown, i) => {
    const where = `${name}[${i}]`;
    if (!isRecord(message) || !roles.includes(message.role)) throw new RowError(`${where}.role is not system, user or assistant`);
    if (typeof message.content !== 'string') throw new RowError(`${where}.content is not a text`);
    if (message.weight !== undefined && message.weight !== 0 && message.weight !== 1) throw new RowError(`${where}.weight is not 0 or 1`);
    return message as unknown as Turn;
  });
}

const isPrefix = (of: readonly number[], whole: readonly number[]): boolean =>
  of.length <= whole.length && of.every((token, i) => token === whole[i]);

/**
 * Targets are the tokens of assistant turns whose weight is not 0, each from where inference would begin to write up to the token
 * that ends the turn.
 * @throws RowError when the template renders a turn otherwise in the middle of a chat than at its end, closes no turn, or there is no target
 */
export function maskTurns(turns: readonly Turn[], { tokenizer, stops, bos, longest }: RowRules): MaskedRow {
  const chat = turns.map(({ role, content }) => ({ role, content }));
  const tokensOf = (length: number, open: boolean): number[] => tokenizer.encode(tokenizer.renderChat(chat.slice(0, length), open));
  const whole = tokensOf(chat.length, false);
  const mask: (0 | 1)[] = whole.map(() => 0);
  let last = -1;
  turns.forEach(({ role, weight }, i) => {
    if (role !== 'assistant' || weight === 0) return;
    const prompt = tokensOf(i, true);
    const spoken = i + 1 === chat.length ? whole : tokensOf(i + 1, false);
    if (!prompt.length || !isPrefix(prompt, spoken) || !isPrefix(spoken, whole))
      throw new RowError(`the chat template renders messages[${i}] otherwise in this chat than where it was spoken`);
    const end = spoken.findIndex((token, at) => at >= prompt.length && stops.has(token));
    if (end < 0) throw new RowError(`the chat template closes messages[${i}] with no token at which the model stops`);
    if (spoken.some((token, at) => at > end && stops.has(token))) throw new RowError(`messages[${i}] holds an end token in its text`);
    mask.fill(1, prompt.length, end + 1);
    last = end;
  });
  if (last < 0) throw new RowError('no token would be trained: it has no assistant message of weight 1');
  const tokens = whole.slice(0, last + 1);
  if (bos !== null) {
    // Where the token also opens every turn, as in many chat models, the template may write it again; it is twice only at the start.
    if (tokens[0] === bos && tokens[1] === bos) throw new RowError('the text begins with its first token twice');
    const inside = turns.findIndex(({ content }) => tokenizer.encode(content).includes(bos));
    if (inside >= 0) throw new RowError(`messages[${inside}] holds the token that begins a text`);
  }
  if (tokens.length > longest) throw new RowError(`${tokens.length} tokens, and ${longest} is the limit`);
  return { tokens, mask: mask.slice(0, last + 1) };
}

/**
 * @param jsonl blank lines are passed over
 * @param read one row @throws RowError saying what is wrong with it
 * @throws TrainError `invalid_training_file` or `invalid_validation_file` naming the first line (from 1) that cannot be trained on
 */
export function readLines<T>(jsonl: Uint8Array, file: 'training_file' | 'validation_file', read: (row: unknown) => T): T[] {
  const refuse = (message: string): never => {
    throw new TrainError(`invalid_${file}`, message, file);
  };
  let text = '';
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(jsonl);
  } catch {
    refuse('not a text in UTF-8');
  }
  const parse = (line: string): unknown => {
    try {
      return JSON.parse(line);
    } catch {
      throw new RowError('is not JSON');
    }
  };
  const rows: T[] = [];
  text.split('\n').forEach((line, i) => {
    if (!line.trim()) return;
    try {
      rows.push(read(parse(line)));
    } catch (error) {
      // A template raises errors of its own, for a role it does not know or turns that do not alternate.
      refuse(`line ${i + 1}: ${error instanceof Error ? error.message : String(error)}`);
    }
  });
  if (!rows.length) refuse('no rows');
  return rows;
}

/** Supervised rows of endpoint.md §2.5. @throws TrainError as `readLines` */
export const readRows = (jsonl: Uint8Array, rules: RowRules, file: 'training_file' | 'validation_file'): MaskedRow[] =>
  readLines(jsonl, file, row => maskTurns(turnsIn(isRecord(row) ? row.messages : undefined), rules));

/** Targets of a row. Token 0 is never one: nothing stands before it. */
export const trainedTokens = ({ mask }: MaskedRow): number => mask.reduce<number>((sum, bit) => sum + bit, 0);
