// The learning rate of each update.
import type { Hyperparameters } from '../engine';

/** @param step from 1 to `total` */
export function rateAt(step: number, total: number, h: Hyperparameters): number {
  const { learning_rate, lr_scheduler_type, warmup_steps } = h;
  if (step <= warmup_steps) return (learning_rate * step) / warmup_steps;
  const done = (step - warmup_steps - 1) / Math.max(1, total - warmup_steps);
  if (lr_scheduler_type === 'linear') return learning_rate * (1 - done);
  if (lr_scheduler_type === 'cosine') return (learning_rate * (1 + Math.cos(Math.PI * done))) / 2;
  return learning_rate;
}
