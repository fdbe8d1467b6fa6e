// What a run was asked to do. Every open point of the paper (method.md §3) is a field here with a pinned default in `defaults.ts`.
import type { Equality } from '../tasks/question';

export interface Sampling {
  /** 0 = greedy. */
  temperature: number;
  /** 0 = all tokens. */
  topK: number;
  /** 1 = all tokens. */
  topP: number;
  minP: number;
  maxNewTokens: number;
}

/** Where the weights come from. `id` is shown to people and stored with every run. */
export type ModelRef =
  | { kind: 'builtin'; id: string }
  | { kind: 'hub'; id: string; revision?: string; dtype?: string; device?: string; host?: string }
  | { kind: 'local'; id: string };

/** One seat of the society: a generator and a critic on the same base; `null` = the base itself, no adapter. */
export interface Seat {
  generator: string | null;
  critic: string | null;
}

export type TieTrain = 'drop' | 'random' | 'lexical';
export type TieEval = 'random' | 'earliest' | 'lexical' | 'abstain';

export interface RunConfig {
  schema: 1;
  base: ModelRef;
  task: string;
  difficulty: string;
  /** One seat per agent; N = seats.length ≥ 1. */
  seats: Seat[];
  /** M ≥ 1: round 1 is spoken by generators, rounds 2..M by critics. */
  rounds: number;
  order: 'sync' | 'sequential';
  share: 'summary' | 'concat' | 'none';
  summariser: 'base' | 'self';
  seeOwn: boolean;
  /** At most this many peers are shown; null = all. */
  maxPeers: number | null;
  peerOrder: 'shuffled' | 'fixed';
  /** Votes a label needs; null = strict majority, ⌊N/2⌋+1. */
  minVotes: number | null;
  tieTrain: TieTrain;
  tieEval: TieEval;
  equality: Equality;
  promptSet: string;
  sampling: Sampling;
  summarySampling: Sampling;
  /** Run seed: with question, agent, role, round, attempt and token index it fixes every draw. */
  seed: number;
  /** Times a failed call is repeated with unchanged model, temperature and seed before it is recorded as failed. */
  retries: number;
}
