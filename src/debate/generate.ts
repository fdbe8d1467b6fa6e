// The seam between a debate and whatever produces text: the society engine in the page, the same engine in Node, or a remote server.
import type { Sampling } from './config';

export interface Message {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

export type Role = 'generator' | 'critic' | 'summariser';

/** A draw is a pure function of this and the token index: never of batch position, time or order. */
export interface DrawKey {
  seed: number;
  qid: string;
  agent: number;
  role: Role;
  round: number;
  attempt: number;
}

export interface TurnRequest {
  id: string;
  messages: Message[];
  /** Adapter to speak with; null = the base. */
  adapter: string | null;
  sampling: Sampling;
  draw: DrawKey;
}

export interface Usage {
  promptTokens: number;
  newTokens: number;
  /** Wall time from the row's start to its last token; rows of one batch overlap. */
  ms: number;
}

export type Finish = 'stop' | 'length';

export interface TurnOutput {
  id: string;
  text: string;
  finish: Finish;
  usage: Usage;
  /** End offset (UTF-16, in `text`) of each token's text: lets a replay stream exactly as the run did. */
  ends: number[];
  /** ln p of each chosen token at temperature 1, before any filter. */
  logprobs: number[];
}

export interface TurnError {
  code: 'aborted' | 'too-long' | 'device-lost' | 'out-of-memory' | 'bad-model' | 'auth' | 'network' | 'internal';
  message: string;
  /** What the user can do about it. */
  hint?: string;
}

export type GenerateUpdate =
  | { type: 'text'; id: string; text: string; newTokens: number }
  | { type: 'done'; output: TurnOutput }
  | { type: 'failed'; id: string; error: TurnError };

/**
 * Speaks all rows, batching as it likes; rows of different adapters may share one pass.
 * Resolves when every row has reported 'done' or 'failed'; rejects with `signal.reason` when aborted (finished rows were reported before).
 */
export type Generate = (rows: readonly TurnRequest[], on: (update: GenerateUpdate) => void, signal: AbortSignal) => Promise<void>;
