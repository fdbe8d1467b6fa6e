// What a program may write to stdout, one JSON object a line (endpoint.md §5). Whatever else it says is passed over.
import { TrainError, type TrainUpdate } from './engine';

const number = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : 0);
const isStep = (step: unknown): step is number => typeof step === 'number' && Number.isInteger(step) && step >= 0;

export type CommandLine =
  | { type: 'update'; update: TrainUpdate }
  /** A folder of files to go on from, in the folder of the job or in `out`. */
  | { type: 'checkpoint'; step: number; dir: string }
  | { type: 'error'; error: TrainError };

/** Codes that a program may give its failure; any other is `internal`. */
const codes: readonly TrainError['code'][] = ['invalid_training_file', 'invalid_validation_file', 'oom', 'invalid_result', 'internal'];
const paramOf: Partial<Record<TrainError['code'], string>> = {
  invalid_training_file: 'training_file',
  invalid_validation_file: 'validation_file',
};

/** @param since milliseconds since the line before it */
export function readLine(line: Record<string, unknown>, since: number): CommandLine | null {
  const { t, step } = line;
  if (t === 'error') {
    const code = codes.find(known => known === line.code) ?? 'internal';
    const message = typeof line.message === 'string' && line.message ? line.message.slice(0, 2000) : 'It said that it failed, and not why.';
    return { type: 'error', error: new TrainError(code, message, paramOf[code] ?? null) };
  }
  if (!isStep(step)) return null;
  if (t === 'checkpoint') return typeof line.dir === 'string' ? { type: 'checkpoint', step, dir: line.dir } : null;
  if (t === 'eval' && typeof line.valid_loss === 'number') {
    const valid_mean_token_accuracy = number(line.valid_mean_token_accuracy);
    return { type: 'update', update: { t, step, valid_loss: line.valid_loss, valid_mean_token_accuracy } };
  }
  if (t !== 'progress' || typeof line.total !== 'number' || typeof line.train_loss !== 'number') return null;
  const update: TrainUpdate = {
    ...{ t, step, total: line.total, train_loss: line.train_loss, train_mean_token_accuracy: number(line.train_mean_token_accuracy) },
    ...{ learning_rate: number(line.learning_rate), grad_norm: number(line.grad_norm), tokens: number(line.tokens), ms: since },
  };
  return { type: 'update', update };
}
