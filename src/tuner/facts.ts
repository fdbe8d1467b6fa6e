// What happens to a job, in order, and the one function that says what it is then. A job is the fold of its facts: they are all that is stored of it.
import type { CheckpointMetrics, JobStatus } from '../finetune/wire';
import type { Hyperparameters, PreferenceMetrics } from './engine';

/** What was asked, written once, when the job is accepted. */
export interface JobSpec {
  schema: 1;
  id: string;
  /** Order of acceptance at this endpoint. */
  number: number;
  /** Milliseconds since 1970, as are all times of facts. */
  created: number;
  /** As asked: a base, or a tuned model to go on from. */
  model: string;
  base: string;
  /** The job whose result is gone on from, and the step of its checkpoint. */
  from: { job: string; step: number } | null;
  /** Name of the result. */
  tuned: string;
  training: string;
  validation: string | null;
  seed: number;
  metadata: Record<string, string>;
  hyperparameters: Hyperparameters;
  /** Updates, as far as the number of lines tells. */
  steps: number;
  idempotency: Idempotency | null;
}

/** Hashes: of the key, and of what it came with. */
export interface Idempotency {
  key: string;
  body: string;
}

export interface CheckpointState {
  step: number;
  at: number;
  /** Ids of published files by basename. */
  files: Record<string, string>;
  /** Names of what only a resumed run needs, in the job's folder. */
  rest: string[];
  metrics: CheckpointMetrics;
}

/** Of DPO; absent of anything else, null where a value was not a number. */
type Preference = { [K in keyof PreferenceMetrics]?: number | null };

export type FactBody =
  | { type: 'validated'; rows: number; validationRows: number | null }
  | { type: 'started'; resumed: number | null }
  | { type: 'plan'; rows: number; tokens: number; trained_tokens: number; steps: number; trained_parameters: number }
  | ({
      type: 'step';
      step: number;
      total: number;
      /** Null where it was not a number: a training that diverged says so. */
      train_loss: number | null;
      train_mean_token_accuracy: number | null;
      learning_rate: number | null;
      grad_norm: number | null;
      tokens: number;
      ms: number;
    } & Preference)
  | ({ type: 'eval'; step: number; valid_loss: number | null; valid_mean_token_accuracy: number | null } & Preference)
  | { type: 'checkpoint'; step: number; files: Record<string, string>; rest: string[] }
  | { type: 'note'; level: 'info' | 'warn'; message: string }
  /** `lost`: the worker or the whole endpoint died; otherwise it was stopped in good order, which is nobody's fault. */
  | { type: 'requeued'; lost: boolean; message: string }
  | { type: 'succeeded'; files: Record<string, string> }
  | { type: 'failed'; code: string; message: string; param: string | null }
  | { type: 'cancelled' }
  | { type: 'model-deleted'; step: number | null };

export type Fact = FactBody & { seq: number; at: number };

export interface JobState {
  status: JobStatus;
  /** Of the last fact; 0 = none. */
  seq: number;
  /** Runs that began and were not stopped in good order. */
  attempts: number;
  started: number | null;
  finished: number | null;
  step: number;
  /** Of the last evaluation; -1 = none. */
  evaluated: number;
  /** What the trainer said about the job as a whole: a run that is begun again says it again. */
  said: string[];
  total: number | null;
  tokens: number;
  /** Last losses, for the metrics of the next checkpoint. */
  last: CheckpointMetrics;
  /** Mean of the last steps, milliseconds. */
  pace: number | null;
  checkpoints: CheckpointState[];
  files: Record<string, string>;
  error: { code: string; message: string; param: string | null } | null;
  modelDeleted: boolean;
}

export const newJob: JobState = {
  ...{ status: 'validating_files', seq: 0, attempts: 0, started: null, finished: null, step: 0, total: null, tokens: 0 },
  ...{ evaluated: -1, said: [], last: {}, pace: null, checkpoints: [], files: {}, error: null, modelDeleted: false },
};

const known = (metrics: Record<string, number | null>): CheckpointMetrics =>
  Object.fromEntries(Object.entries(metrics).filter(([, value]) => value !== null));

/** The last metrics as far as they are of this step: an older validation loss would let a client choose wrongly. */
function metricsAt({ last, evaluated }: JobState, step: number): CheckpointMetrics {
  const { full_valid_loss: _, full_valid_mean_token_accuracy: __, ...train } = last;
  const of = evaluated === step ? last : train;
  return { ...(last.step === step ? of : {}), step };
}

const ends = (state: JobState, at: number): Pick<JobState, 'finished' | 'pace'> => ({ finished: at, pace: null });

/** @returns null when this cannot happen in this state: then it did not, and nothing is stored */
function happen(state: JobState, fact: FactBody, at: number): Partial<JobState> | null {
  const { status } = state;
  const active = status === 'validating_files' || status === 'queued' || status === 'running';
  const running = status === 'running';
  switch (fact.type) {
    case 'validated':
      return status === 'validating_files' ? { status: 'queued' } : null;
    case 'started':
      return status === 'queued' ? { status: 'running', attempts: state.attempts + 1, started: state.started ?? at } : null;
    case 'plan':
      return running && state.total === null ? { total: fact.steps } : null;
    case 'step': {
      // A resumed run walks again over steps that are told already.
      if (!running || fact.step <= state.step) return null;
      const { step, train_loss, train_mean_token_accuracy } = fact;
      return {
        step,
        total: fact.total,
        tokens: fact.tokens,
        pace: state.pace === null ? fact.ms : 0.8 * state.pace + 0.2 * fact.ms,
        last: { ...state.last, step, ...known({ train_loss, train_mean_token_accuracy }) },
      };
    }
    case 'eval':
      if (!running || fact.step < state.step || fact.step <= state.evaluated) return null;
      return {
        evaluated: fact.step,
        last: {
          ...state.last,
          ...known({ full_valid_loss: fact.valid_loss, full_valid_mean_token_accuracy: fact.valid_mean_token_accuracy }),
        },
      };
    case 'checkpoint': {
      if (!running || fact.step <= (state.checkpoints.at(-1)?.step ?? 0)) return null;
      const { step, files, rest } = fact;
      return { checkpoints: [...state.checkpoints, { step, at, files, rest, metrics: metricsAt(state, step) }] };
    }
    case 'note':
      return active && !state.said.includes(fact.message) ? { said: [...state.said, fact.message] } : null;
    case 'requeued':
      return running ? { status: 'queued', attempts: state.attempts - (fact.lost ? 0 : 1), pace: null } : null;
    case 'succeeded': {
      if (!running) return null;
      // The end is a checkpoint too: clients choose among checkpoints.
      const { files } = fact;
      const earlier = state.checkpoints.filter(({ step }) => step < state.step);
      const last: CheckpointState = { step: state.step, at, files, rest: [], metrics: metricsAt(state, state.step) };
      return { status: 'succeeded', files, checkpoints: [...earlier, last], ...ends(state, at) };
    }
    case 'failed': {
      const { code, message, param } = fact;
      return active ? { status: 'failed', error: { code, message, param }, ...ends(state, at) } : null;
    }
    case 'cancelled':
      return active ? { status: 'cancelled', ...ends(state, at) } : null;
    case 'model-deleted':
      if (fact.step !== null) {
        const kept = state.checkpoints.filter(({ step }) => step !== fact.step);
        return kept.length < state.checkpoints.length && !active ? { checkpoints: kept } : null;
      }
      if (status !== 'succeeded' || state.modelDeleted) return null;
      return { modelDeleted: true, files: {}, checkpoints: state.checkpoints.filter(({ step }) => step !== state.step) };
  }
}

/** The job after a fact; null when the fact cannot follow. Terminal states are final, sequence numbers have no gap. */
export function reduce(state: JobState, fact: Fact): JobState | null {
  if (fact.seq !== state.seq + 1) return null;
  const change = happen(state, fact, fact.at);
  return change && { ...state, ...change, seq: fact.seq };
}
