// The seam between the endpoint and whatever trains: the same job in Node's worker process and in a worker of the page.

/** Files by basename. */
export type Files = Record<string, Uint8Array<ArrayBuffer>>;

/** What a job asks, with every "auto" resolved: exactly what the job object echoes. */
export interface Hyperparameters {
  lora: boolean;
  lora_r: number;
  lora_alpha: number;
  learning_rate: number;
  lr_scheduler_type: 'constant' | 'linear' | 'cosine';
  warmup_steps: number;
  batch_size: number;
  /** Rows per forward pass; a batch of more is accumulated. */
  micro_batch_size: number;
  n_epochs: number;
  /** Updates; wins over `n_epochs`. */
  max_steps: number | null;
  weight_decay: number;
  max_grad_norm: number;
  context_length: number;
  /** Of DPO: what it costs to move away from the model begun with. Absent = supervised training. */
  beta?: number;
}

export type Method = 'supervised' | 'dpo';
export const methodOf = ({ beta }: Pick<Hyperparameters, 'beta'>): Method => (beta === undefined ? 'supervised' : 'dpo');

/** DPO: how far the chosen answers are ahead of the rejected ones, and on how many pairs they are. */
export interface PreferenceMetrics {
  /** Mean of β·[(ln p of chosen, now − before) − (the same of rejected)]. */
  reward_margin: number;
  /** Share of pairs whose margin is above 0. */
  preference_accuracy: number;
}

export interface TrainJob {
  /** Id of the base in the engine's list. */
  base: string;
  /** Result files of the model to go on from; null = the base. */
  from: Files | null;
  /** JSONL of endpoint.md §2.5, chats or preference pairs, already checked row by row for structure. */
  training: Uint8Array;
  validation: Uint8Array | null;
  hyperparameters: Hyperparameters;
  seed: number;
  /** The last whole checkpoint of an interrupted run of this same job. */
  resume: Files | null;
  /** Updates between checkpoints; 0 = none but the end. */
  checkpointEvery: number;
}

export type TrainUpdate =
  | { t: 'plan'; rows: number; tokens: number; trained_tokens: number; steps: number; trained_parameters: number }
  /** DPO, before its first step: pairs whose likelihood under the model begun with is known. */
  | { t: 'reference'; done: number; total: number }
  | ({
      t: 'progress';
      step: number;
      total: number;
      train_loss: number;
      /** Of DPO: on the chosen answers. */
      train_mean_token_accuracy: number;
      learning_rate: number;
      grad_norm: number;
      /** Trained tokens so far. */
      tokens: number;
      /** Of this step. */
      ms: number;
    } & Partial<PreferenceMetrics>)
  | ({ t: 'eval'; step: number; valid_loss: number; valid_mean_token_accuracy: number } & Partial<PreferenceMetrics>)
  | { t: 'checkpoint'; step: number; files: Files }
  | { t: 'warn'; message: string };

/** Closed list of endpoint.md §2.4; anything else is `internal`. */
export class TrainError extends Error {
  override readonly name = 'TrainError';
  constructor(
    readonly code: 'invalid_training_file' | 'invalid_validation_file' | 'worker_lost' | 'oom' | 'invalid_result' | 'timeout' | 'internal',
    message: string,
    readonly param: string | null = null,
  ) {
    super(message);
  }
}

export interface BaseModel {
  id: string;
  repo: string | null;
  revision: string | null;
  maxContext: number;
  targetModules: string[];
  maxRank: number;
  parameters: number;
  /** Tensors of the base by their names in its checkpoint, `[out, in]` for projections: results must fit them. */
  shapes: Readonly<Record<string, readonly number[]>>;
}

export interface TrainEngine {
  readonly name: string;
  /** How many jobs may run side by side. */
  readonly slots: number;
  /** Supervised alone when left out. */
  readonly methods?: readonly Method[];
  /** Each update sees the rows that `row-order.ts` draws under the seed of the job; left out: in an order of its own. */
  readonly seededRows?: boolean;
  /** May train without a word: its silence counts from its first one. */
  readonly quiet?: boolean;
  bases(): Promise<BaseModel[]>;
  /**
   * @returns result files: adapter or full weights, `probe.json`, `step_metrics.csv`
   * @throws TrainError, or `signal.reason` when aborted (between steps)
   */
  train(id: string, job: TrainJob, on: (update: TrainUpdate) => void, signal: AbortSignal): Promise<Files>;
}
