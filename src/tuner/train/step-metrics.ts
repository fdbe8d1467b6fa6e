// step_metrics.csv: one line per update.
import type { PreferenceMetrics } from '../engine';
import { fromUtf8, utf8 } from './files';

export interface StepMetrics extends Partial<PreferenceMetrics> {
  step: number;
  train_loss: number;
  train_mean_token_accuracy: number;
  learning_rate: number;
  grad_norm: number;
  /** Trained tokens so far. */
  tokens: number;
  ms: number;
}

const always = ['step', 'train_loss', 'train_mean_token_accuracy', 'learning_rate', 'grad_norm', 'tokens', 'ms'] as const;
const ofPreferences = ['reward_margin', 'preference_accuracy'] as const;

export function writeStepMetrics(steps: readonly StepMetrics[]): Uint8Array<ArrayBuffer> {
  const columns = [...always, ...ofPreferences.filter(name => steps[0]?.[name] !== undefined)];
  return utf8([columns.join(','), ...steps.map(step => columns.map(column => step[column]).join(','))].join('\n') + '\n');
}

export function readStepMetrics(csv: Uint8Array): StepMetrics[] {
  const [head = '', ...lines] = fromUtf8(csv).trim().split('\n');
  const columns = head.split(',');
  return lines.map(line => {
    const values = line.split(',').map(Number);
    return Object.fromEntries(columns.map((column, i) => [column, values[i]!])) as unknown as StepMetrics;
  });
}
