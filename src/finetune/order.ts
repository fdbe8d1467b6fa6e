// What is asked of a finetuning endpoint and what comes back, independent of the wire: the loop knows only this.
import type { AgentName, SetRole } from '../datasets/records';

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
  /** `${loop}/${iteration}/${agent}`: ordering the same key again finds the job that is there, and never makes a second one. */
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
        /** Seconds left as far as the last steps tell; null = not known yet. */ left: number | null;
        /** Seconds on the endpoint's clock when it was made. */
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
}

/** Stands where an endpoint's id of a job and of a model would, for weights that were trained elsewhere: no endpoint has them. */
export const givenByHand = 'given by hand';

/** `probe.json`: held-out rows whose mean NLL the page recomputes to prove that base and result arrived as they were trained. */
export interface Probe {
  schema: 1;
  /** The rows come from the validation file; false where there was none and training rows had to do. */
  heldOut?: boolean;
  rows: { tokens: number[]; /** 1 where the token is a target. */ mask: (0 | 1)[]; base: number; tuned: number }[];
}
