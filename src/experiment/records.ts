// A loop is the append-only list of these events. Live view, replay, resume and files are folds of it; its debates are runs of their own.
import type { TrainSettings } from '../datasets/order';
import type { AgentName, DatasetConfig, SetRow, TrainingSet } from '../datasets/records';
import type { RunConfig } from '../debate/config';
import type { EngineInfo, RunEvent } from '../debate/events';
import type { Accuracy } from '../metrics/accuracy';
import type { Mean } from '../metrics/diversity';
import type { Share } from '../metrics/interval';
import type { Question } from '../tasks/question';

/**
 * Who is trained, by the names of method.md §7. `multiagent-ft`, the paper's: 2N models, each on its own set. Controls with one model that
 * speaks as every agent: `single-ft` learns the generators' sets together, `union-data` those of generators and critics.
 */
export const societies = ['multiagent-ft', 'single-ft', 'union-data'] as const;
export type Society = (typeof societies)[number];

export interface LoopConfig {
  schema: 1;
  /** `gentle`, `collapse`, `lecture`, `published`, or `custom` once anything of a preset was changed. */
  preset: string;
  /** The society's debate; seats all null: every agent starts as the base. */
  debate: RunConfig;
  /** L ≥ 1. */
  iterations: number;
  trainQuestions: number;
  evalQuestions: number;
  /** `resample`: new training questions each iteration, disjoint from all others. */
  questions: 'fixed' | 'resample';
  startFrom: 'previous' | 'base';
  datasets: DatasetConfig;
  training: { generator: TrainSettings; critic: TrainSettings };
  /** Left out: `multiagent-ft`. */
  society?: Society;
  /** Evaluation questions whose last answers are scored under the other agents (NLL); 0 = none. */
  nllQuestions: number;
  /** Rows of each set left out of training, for validation loss and for a probe on rows never seen; fewer of small sets (split.ts). */
  validationRows: number;
  seed: number;
  /** When an agent's training fails: `stop` (left out) halts until it is tried again, `keep` goes on with the agent's previous weights. */
  onFailure?: 'stop' | 'keep';
}

/** Weights that are kept: what an adapter is found by, and held against. */
export interface KeptWeights {
  /** Id in RunConfig.seats of later debates. */
  adapter: string;
  kind: 'lora' | 'full';
  bytes: number;
  sha256: string;
}

/** Stages of an iteration, in order. Iteration 0 is only evaluated. */
export const stages = ['debate', 'collect', 'finetune', 'adopt', 'evaluate'] as const;
export type Stage = (typeof stages)[number];

/** Where training happened, as people should read it; never a key. */
export interface EndpointLabel {
  /** `export`: nowhere; the loop was begun to make sets for a training elsewhere. */
  kind: 'page' | 'server' | 'url' | 'process' | 'export';
  /** Origin for a URL; empty otherwise. */
  origin: string;
}

/** Only where truth is known, and only for people: nothing that trains reads it (method.md §9.4). */
export interface LabelAudit {
  /** Questions with an accepted pseudo-label, of all. */
  accepted: Share;
  /** Right labels among the accepted whose truth is known. */
  right: Share;
  /** Questions by votes of the top answer, index = votes. */
  votes: number[];
  /** Unparsed answers of the last round. */
  unparsed: Share;
  /** Rows per set whose label is wrong. */
  wrongRows: Record<AgentName, Share>;
}

export interface Measures {
  questions: number;
  /** Single answers of round 1 over all agents; the vote over round 1; single answers of the last round; the vote over the last round. */
  generator: Accuracy;
  majority: Accuracy;
  critic: Accuracy;
  debate: Accuracy;
  /** Of round 1 and of the last round. */
  consensus: [Mean, Mean];
  uniqueAnswers: [Mean, Mean];
  uniqueStrategies: [Mean, Mean];
  /** 1 − Jaccard overlap of token bigrams between two answers of round 1 to the same question. */
  distance: Mean;
  /** Nats per token of last-round answers under their own agent and, over ordered pairs, under the others; null when not asked for. */
  nll: {
    own: Mean;
    cross: Mean;
    /** The same per question; loops recorded by older versions kept the means alone. */
    rows?: { qid: string; own: number | null; cross: number | null }[];
  } | null;
  calls: number;
  newTokens: number;
}

export interface ProbeResult {
  deviation: number;
  bound: number;
  passed: boolean;
  reason: string | null;
  /** Refused before anything was computed, since it names another base than the one that speaks: then the numbers say nothing. */
  otherBase?: true;
}

export type LoopEvent =
  | {
      type: 'loop-started';
      schema: 1;
      loop: string;
      /** ISO 8601. */
      at: string;
      title: string;
      app: string;
      config: LoopConfig;
      engine: EngineInfo;
      endpoint: EndpointLabel;
      /** Of iteration 1; for 'resample' the debate runs hold the later ones. */
      train: Question[];
      evaluate: Question[];
    }
  /** A debate of the loop is whole: its events are kept under `run`. */
  | {
      type: 'debated';
      iteration: number;
      purpose: 'train' | 'evaluate';
      run: string;
      calls: number;
      newTokens: number;
      ms: number;
      at: string;
    }
  | { type: 'collected'; iteration: number; sets: SetRow[]; audit: LabelAudit | null; at: string }
  | { type: 'job-created'; iteration: number; agent: AgentName; job: string; at: string }
  | {
      type: 'job-ended';
      iteration: number;
      agent: AgentName;
      job: string | null;
      outcome: 'succeeded' | 'failed' | 'skipped';
      /** Why it failed or was skipped. */
      reason: string | null;
      /** Tuned model id at the endpoint. */
      model: string | null;
      losses: number[];
      validation: { step: number; loss: number }[];
      trainedTokens: number;
      trainedParameters: number;
      warnings: string[];
      /** From its first sign of work to its end, as watched: a resumed loop has seen only the rest. */
      ms: number;
      at: string;
      /**
       * Of its set; left out when nothing was sent. `minus`: corrected rows among the trained ones of a critic, left out by earlier versions.
       * `seeded`: which rows each update saw follows from the seed of the order; left out where only the trainer knows.
       */
      rows?: { trained: number; heldOut: number; minus?: number; seeded?: true };
      /** Where the result was put; only of what succeeded. */
      kept?: KeptWeights;
    }
  /** The agent's new weights speak from now on; with a failed probe they are kept, do not speak, and the agent has what it had before. */
  | ({
      type: 'adopted';
      iteration: number;
      agent: AgentName;
      /** `SetRow.sha256` it was trained on. */
      dataset: string;
      probe: ProbeResult | null;
      at: string;
    } & KeptWeights)
  | { type: 'measured'; iteration: number; run: string; measures: Measures; ms: number; at: string }
  | { type: 'note'; note: 'paused' | 'resumed' | 'warning'; text: string; at: string }
  | { type: 'loop-finished'; at: string };

/** What only a screen needs; never stored. */
export type LiveLoopEvent =
  | LoopEvent
  | {
      type: 'stage';
      iteration: number;
      stage: Stage;
      /** Evaluation: after the debate, its last answers are scored under the agents. */
      part?: 'score';
      done: number;
      total: number;
      /** Seconds, as far as the work so far tells. */ left: number | null;
    }
  | {
      type: 'training';
      iteration: number;
      agent: AgentName;
      status: string;
      step: number;
      total: number;
      loss: number | null;
      left: number | null;
    };

/**
 * A loop on disk. `loop.json` holds the events alone and lies beside `runs/<id>.run.json.gz`, `sets/<sha256>.json.gz`;
 * an exported `.loop.json.gz` holds everything in one file.
 */
export interface LoopFile {
  polylogue: 'loop';
  schema: 1;
  events: LoopEvent[];
  runs?: Record<string, RunEvent[]>;
  /** By `SetRow.sha256`. */
  sets?: Record<string, TrainingSet>;
}
