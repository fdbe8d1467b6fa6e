// A run is the append-only list of these events. Live view, replay, resume, links and metrics are folds of that one list (`fold.ts`).
import type { Extraction, Key, Question } from '../tasks/question';
import type { ModelRef, RunConfig } from './config';
import type { DrawKey, Finish, Role, TurnError, Usage } from './generate';

/** `${qid}/${round}.${agent}.${role}`: deterministic, so a resumed run can neither lose nor double a turn. */
export type TurnId = string;

/** A prompt as data: `prompts.ts` rebuilds the exact messages from the template, the question and the turns it points to. */
export interface PromptRef {
  template: string;
  /** Earlier turns of the speaker, oldest first. */
  own: TurnId[];
  /** Peers' turns quoted, in the order shown; for a critic with share 'summary' this is empty and `summary` is set. */
  peers: TurnId[];
  summary: TurnId | null;
}

export interface Turn {
  id: TurnId;
  qid: string;
  round: number;
  agent: number;
  role: Role;
  adapter: string | null;
  prompt: PromptRef;
  /** Hash of the rendered messages: proves that a rebuilt prompt is the one that was sent. */
  promptHash: string;
  draw: DrawKey;
  text: string;
  /** null = unparsed (summaries are never parsed and have null too). */
  answer: Extraction | null;
  usage: Usage;
  finish: Finish;
  ends: number[];
  logprobs: number[];
}

export interface Vote {
  qid: string;
  round: number;
  /** Votes by key. Unparsed and failed responses are no votes but stay in the denominator `n`. */
  counts: Record<Key, number>;
  unparsed: number;
  n: number;
  /** Answer after the evaluation tie rule; null = nothing parsed, or abstained. */
  winner: Key | null;
  /** Pseudo-label after `minVotes` and the training tie rule; null = discarded, with the reason. */
  label: Key | null;
  discarded: 'unparsed' | 'tie' | 'min-votes' | null;
  tie: boolean;
  /** The rule in words, as shown under the bar. */
  rule: string;
}

/** What ran the models; recorded so that "same settings, same text" has a meaning. */
export interface EngineInfo {
  base: ModelRef;
  /** sha256 of the weights file. */
  modelHash: string;
  dtype: string;
  device: 'wasm' | 'webgpu' | 'cpu' | 'remote';
  runtime: string;
  parameters: number;
}

export type RunEvent =
  | {
      type: 'run-started';
      schema: 1;
      run: string;
      /** ISO 8601, given by the caller. */
      at: string;
      title: string;
      app: string;
      config: RunConfig;
      engine: EngineInfo;
      questions: Question[];
    }
  | { type: 'turn'; turn: Turn }
  /** A call that failed for good. It is never replaced; it counts as unparsed. */
  | { type: 'turn-failed'; id: TurnId; qid: string; round: number; agent: number; role: Role; error: TurnError }
  | { type: 'decided'; vote: Vote }
  | { type: 'note'; at: string; note: 'paused' | 'resumed' | 'engine-restarted' | 'fell-back'; text: string; engine?: EngineInfo }
  | { type: 'run-finished'; at: string };

/** What only a screen needs; never stored. Replay produces the same from stored turns. */
export type LiveEvent =
  | RunEvent
  | { type: 'turn-started'; id: TurnId; qid: string; round: number; agent: number; role: Role }
  | { type: 'turn-text'; id: TurnId; text: string; newTokens: number };

/** A run on disk: `.run.json`, optionally gzipped. */
export interface RunFile {
  polylogue: 'run';
  schema: 1;
  events: RunEvent[];
}
