// What is asked of a trainer for one set, and what comes back: the seam between the loop, which knows no wire, and the endpoint's client.
import type { AgentName, SetRole } from './records';

export interface TrainSettings {
  method: 'lora' | 'full';
  /** LoRA only. */
  rank: number;
  alpha: number;
  /** Absolute. */
  learningRate: number;
  schedule: 'constant' | 'linear' | 'cosine';
  /** Updates of linear warm-up. */
  warmupSteps: number;
  /** Rows per update. */
  batchSize: number;
  /** Exactly one of the two is set: passes over the rows, or updates. */
  epochs: number | null;
  steps: number | null;
  weightDecay: number;
  maxGradNorm: number;
}

export interface TuneOrder {
  /**
   * `${loop}/${iteration}/${agent}`, with `/2`, `/3` … for what is ordered again after it failed: ordering the same key again finds the job
   * that is there, and never makes a second one.
   */
  key: string;
  loop: string;
  iteration: number;
  agent: AgentName;
  role: SetRole;
  /** Id of the base at the endpoint. */
  base: string;
  /** Tuned model at the endpoint to go on from; null = the base. */
  from: string | null;
  /** OpenAI chat JSONL; with `preferences` pairs, each `{input: {messages}, preferred_output, non_preferred_output}`. */
  training: string;
  /** Held-out rows for validation loss; null = none is asked for. */
  validation: string | null;
  datasetHash: string;
  settings: TrainSettings;
  /** Trained by DPO; `beta` in (0, 2], null = the endpoint's choice. Absent = supervised. */
  preferences?: { beta: number | null };
  seed: number;
}

/** Result files by basename: `adapter_config.json` + `adapter_model.safetensors`, or `config.json` + `model.safetensors`; and `probe.json`. */
export type TunedFiles = Record<string, Uint8Array<ArrayBuffer>>;

export interface TuneStep {
  step: number;
  total: number;
  loss: number;
}

export type TuneUpdate =
  | { type: 'uploaded'; file: string }
  | { type: 'created'; job: string }
  | { type: 'status'; status: string }
  | ({ type: 'step' } & TuneStep & {
        /** Seconds left as far as the last steps tell; null = not known yet. */
        left: number | null;
        /** Seconds on the endpoint's clock when it was made, where it tells: what nobody watched is told at once, and was no faster for it. */
        at?: number;
      })
  | { type: 'evaluated'; step: number; loss: number }
  | { type: 'message'; level: 'info' | 'warn' | 'error'; text: string }
  /** Bytes of result files. */
  | { type: 'downloading'; done: number; total: number };

export interface Tuned {
  job: string;
  /** Tuned model id at the endpoint, to go on from. */
  model: string;
  files: TunedFiles;
  steps: TuneStep[];
  validation: { step: number; loss: number }[];
  trainedTokens: number;
  /** Trained numbers, as the result files hold them. */
  trainedParameters: number;
  warnings: string[];
  /** The rows of each update follow from the order (`row-order.ts` of the tuner). */
  seededRows?: true;
  /** It names another base, and the reader had it used all the same. */
  anyway?: true;
}
