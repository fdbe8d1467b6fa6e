// What a job makes of its rows at each update. The loop around it, with its order, schedule, checkpoints and files, is the same for all.
import { makeBatch, type Batch } from '../../onnx/train/batch';
import type { TrainStepper } from '../../onnx/train/stepper';
import type { PreferenceMetrics } from '../engine';
import type { MicroLimits } from './plan';
import type { MaskedRow } from './rows';

export interface Bench {
  stepper: TrainStepper;
  /** Of one pass through the model. */
  limits: MicroLimits;
  pad: number;
  /** Lets the rest of the thread go on. @throws `signal.reason` when aborted */
  breathe(): Promise<void>;
}

export interface Measured extends Partial<PreferenceMetrics> {
  loss: number;
  /** Share of targets that were the likeliest token where they stand. */
  accuracy: number;
}

export interface Objective {
  /** Rows of an epoch: lines of the training file. */
  size: number;
  /** Every text that goes through the model in an epoch. */
  texts: readonly MaskedRow[];
  /** Tokens of the longest text, validation included. */
  longest: number;
  /** Whether there is anything to validate on. */
  validates: boolean;
  probe: { rows: readonly MaskedRow[]; heldOut: boolean };
  /** Called once the job's beginning is put in, before the first update. */
  begin(bench: Bench): Promise<void>;
  update(bench: Bench, rows: readonly number[], rate: number): Promise<Measured & { norm: number; targets: number }>;
  validate(bench: Bench): Promise<Measured>;
  /** What to say of a result, by the mean loss of each row of the probe; null = nothing. */
  warning(base: readonly number[], tuned: readonly number[]): string | null;
}

export const longestOf = (texts: readonly MaskedRow[]): number => texts.reduce((most, { tokens }) => Math.max(most, tokens.length), 0);

/** @param targets of the whole update, where these rows are a part of one */
export const batchOf = (rows: readonly MaskedRow[], pad: number, targets?: number): Batch =>
  makeBatch(
    rows.map(({ tokens, mask }) => ({ ids: tokens, mask })),
    pad,
    targets,
  );
