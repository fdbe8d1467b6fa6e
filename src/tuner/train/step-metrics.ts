// step_metrics.csv: one line per update.
import { fromUtf8, utf8 } from './files';

export interface StepMetrics {
  step: number;
  train_loss: number;
  train_mean_token_accuracy: number;
  learning_rate: number;
  grad_norm: number;
  /** Trained tokens so far. */
  tokens: number;
  ms: number;
}

const columns = ['step', 'train_loss', 'train_mean_token_accuracy', 'learning_rate', 'grad_norm', 'tokens', 'ms'] as const;

export const writeStepMetrics = (steps: readonly StepMetrics[]): Uint8Array<ArrayBuffer> =>
  utf8([columns.join(','), ...steps.map(step => columns.map(column => step[column]).join(','))].join('\n') + '\n');

export function readStepMetrics(csv: Uint8Array): StepMetrics[] {
  const [, ...lines] = fromUtf8(csv).trim().split('\n');
  return lines.map(line => {
    const values = line.split(',').map(Number);
    return Object.fromEntries(columns.map((column, i) => [column, values[i]!])) as unknown as StepMetrics;
  });
}
