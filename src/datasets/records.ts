// What a training set is made of. Rows point to the turns they were copied from; a set is named by the hash of its rows.
import type { TurnId } from '../debate/events';

export type SetRole = 'generator' | 'critic';

/** `generator_1`, `critic_3`: role and 1-based agent, as files, jobs and adapters name them. */
export type AgentName = `${SetRole}_${number}`;

export interface TrainMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
  /** Assistant turns only: 0 = context, never a target. Left out = 1, as OpenAI's format has it. */
  weight?: 0 | 1;
}

export interface DataRow {
  /** Hash of what is trained (messages with weights): the same row from the same turns has the same id. */
  hash: string;
  /** `first`: a generator's first answer that matches; `corrected` (D⁻): wrong at first, right at last; `kept` (D⁺): right throughout; `imported`: from a file that does not say. */
  kind: 'first' | 'corrected' | 'kept' | 'imported';
  /** Question; imported rows are numbered instead. */
  qid: string;
  /** 0-based agent that spoke these turns; other than the set's agent only under cross-agent selection. */
  speaker: number;
  run: string;
  /** `from[i]` spoke the i-th assistant message. Empty for imported rows. */
  from: TurnId[];
  messages: TrainMessage[];
}

export interface SetRow {
  schema: 1;
  run: string;
  iteration: number;
  /** 0-based. */
  agent: number;
  role: SetRole;
  /** Rows of several agents, learnt by one model that speaks as all of them: a control, kept under agent 0. */
  shared?: true;
  selection: Selection;
  /** Cross-agent selection: share of the rows that the agent spoke itself, the realised β. Left out of empty sets and by earlier versions. */
  ownRealised?: number;
  size: number;
  /** Critic sets: corrected and kept rows in the set. */
  minus: number;
  plus: number;
  /** Share of corrected rows; null for generators and empty sets. */
  wRealised: number | null;
  /** Rows that qualified and were not drawn. */
  unused: number;
  /** Questions that gave this set nothing, by reason. */
  discarded: Record<string, number>;
  /** Why there is nothing to train on; null when there is. */
  skipped: string | null;
  /** sha256 (hex) over the canonical JSON of the rows. */
  sha256: string;
  seed: number;
  /** Rows the reader took out by hand, by hash. */
  edited?: string[];
  /** `sha256` of the whole set they were taken from. */
  original?: string;
}

export interface TrainingSet {
  header: SetRow;
  rows: DataRow[];
}

/** `consensus` is the paper's; the others come from secondary literature and say so wherever they are shown (method.md §7). */
export type Selection =
  | { by: 'consensus' }
  /** Own matching rows with share β, the others' for the rest as far as they go, same size; β = 1 is the paper's. */
  | { by: 'cross-agent'; ownShare: number }
  /** Keeps what is right instead of what was voted: needs truths, and uses them. */
  | { by: 'truth' }
  /** Keeps what survives a check of its own steps instead of what was voted; knows no truths. Arithmetic only (`verify.ts`). */
  | { by: 'verifier' };

export interface DatasetConfig {
  /** Share of corrected rows in a critic set, in [0, 1]. */
  w: number;
  criticSize: 'exact' | 'all';
  criticOnEmpty: 'skip' | 'other';
  lossOn: 'last' | 'all';
  selection: Selection;
  seed: number;
}

/** method.md §3. */
export const datasetDefaults: DatasetConfig = {
  w: 0.5,
  criticSize: 'exact',
  criticOnEmpty: 'skip',
  lossOn: 'last',
  selection: { by: 'consensus' },
  seed: 1,
};

export const agentName = (role: SetRole, agent: number): AgentName => `${role}_${agent + 1}`;
