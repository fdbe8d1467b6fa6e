// Did base and adapter arrive as they were trained? The losses a trainer recorded are computed again and held against its own.
import {
  array,
  boolean,
  integer,
  literal,
  maxLength,
  minLength,
  minValue,
  number,
  object,
  optional,
  picklist,
  pipe,
  safeParse,
  finite,
} from 'valibot';

import type { ProbeReport } from './engine';
import { EngineError } from './fault';

const loss = pipe(number(), finite(), minValue(0));
const schema = object({
  schema: literal(1),
  heldOut: optional(boolean()),
  rows: pipe(
    array(
      object({
        tokens: pipe(array(pipe(number(), integer(), minValue(0))), minLength(2), maxLength(1 << 17)),
        mask: array(picklist([0, 1])),
        base: loss,
        tuned: loss,
      }),
    ),
    minLength(1),
    maxLength(64),
  ),
});

const MOST_BYTES = 8 << 20;
/** Recorded losses closer than this say nothing about the weights. */
const NO_CHANGE = 1e-6;

/**
 * How far the loss of a row may lie from the trainer's, in nats per token: in float32 rounding only; the others compute with rounded
 * weights, while the trainer's were whole.
 */
const boundOf = (dtype: string): number =>
  dtype === 'fp32' ? 1e-3 : /^(fp16|bf16)$/.test(dtype) ? 2e-2 : /q8|int8|quantized/.test(dtype) ? 0.1 : 0.25;

interface ProbeRow {
  tokens: number[];
  targets: number[];
  base: number;
  tuned: number;
}

const damaged = (reason: string): EngineError =>
  new EngineError('bad-model', `probe.json cannot be used: ${reason}.`, 'Ask the endpoint for the result files again.');

/** @throws EngineError `bad-model` when the file is not one, or names tokens that this model does not have */
function readProbe(file: Uint8Array, vocabulary: number, context: number): { heldOut: boolean | null; given: ProbeRow[] } {
  if (file.length > MOST_BYTES) throw damaged(`${file.length} bytes are too many`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(file));
  } catch {
    throw damaged('it is not JSON');
  }
  const read = safeParse(schema, value);
  if (!read.success) throw damaged(read.issues[0].message);
  const given = read.output.rows.map(({ tokens, mask, base, tuned }, row) => {
    if (mask.length !== tokens.length) throw damaged(`row ${row} has ${tokens.length} tokens and a mask of ${mask.length}`);
    if (tokens.some(id => id >= vocabulary)) throw damaged(`row ${row} names tokens this model does not have`);
    if (tokens.length > context) throw damaged(`row ${row} is longer than this model reads`);
    // Nothing stands before the first token, so it has no likelihood.
    const targets = mask.flatMap((m, i) => (m === 1 && i > 0 ? [i] : []));
    if (!targets.length) throw damaged(`row ${row} has no target`);
    return { tokens, targets, base, tuned };
  });
  return { heldOut: read.output.heldOut ?? null, given };
}

export interface ProbeBench {
  vocabulary: number;
  context: number;
  dtype: string;
  /** ln p of the targets of each row, under the base or under the agent. */
  likelihoods(rows: readonly { tokens: readonly number[]; targets: readonly number[] }[], tuned: boolean): Promise<number[][]>;
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const worst = (values: readonly number[]): number => values.reduce((a, b) => (b > a || Number.isNaN(b) ? b : a), 0);

/** @throws EngineError `bad-model` when `probe.json` is damaged or made for another vocabulary */
export async function probeAgent(file: Uint8Array, bench: ProbeBench): Promise<ProbeReport> {
  const { heldOut, given } = readProbe(file, bench.vocabulary, bench.context);
  const losses = async (tuned: boolean): Promise<number[]> => (await bench.likelihoods(given, tuned)).map(l => -mean(l));
  const [engineBase, engineTuned] = [await losses(false), await losses(true)];
  const rows = given.map(({ base, tuned }, i) => ({ base, engineBase: engineBase[i]!, tuned, engineTuned: engineTuned[i]! }));
  const bound = boundOf(bench.dtype);
  const ofBase = worst(rows.map(r => Math.abs(r.engineBase - r.base)));
  const ofTuned = worst(rows.map(r => Math.abs(r.engineTuned - r.tuned)));
  const learned = worst(rows.map(r => Math.abs(r.tuned - r.base)));
  const effect = worst(rows.map(r => Math.abs(r.engineTuned - r.engineBase)));
  const off = (value: number): string => `${value.toPrecision(2)} nats per token off, bound ${bound}`;
  let reason: string | null = null;
  if (!(ofBase <= bound)) reason = `The base here is not the one it was trained on (${off(ofBase)}).`;
  else if (learned <= NO_CHANGE)
    reason = 'Its trainer recorded the same losses before and after: nothing was learned that could be checked.';
  else if (effect <= NO_CHANGE) reason = 'It changes nothing here, although its trainer saw a change: its weights were dropped on the way.';
  else if (!(ofTuned <= bound))
    reason = `Its weights do not compute what was trained (${off(ofTuned)}): a tensor is missing, swapped or transposed, or the scale is another.`;
  return { heldOut, rows, deviation: Math.max(ofBase, ofTuned), bound, passed: reason === null, reason };
}
