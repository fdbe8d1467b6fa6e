// probe.json: a few rows with the losses that base and result have here, by which a receiver proves that both arrived whole.
import type { Probe } from '../../finetune/probe-file';
import { utf8 } from './files';
import type { MaskedRow } from './rows';

const size = 4;

/** Validation rows where there are any, else the first training rows. */
export function probeRows(
  training: readonly MaskedRow[],
  validation: readonly MaskedRow[],
): { rows: readonly MaskedRow[]; heldOut: boolean } {
  return validation.length ? { rows: validation.slice(0, size), heldOut: true } : { rows: training.slice(0, size), heldOut: false };
}

/** @param base mean nats per target of each row under the base @param tuned under the result */
export function writeProbe(
  rows: readonly MaskedRow[],
  heldOut: boolean,
  base: readonly number[],
  tuned: readonly number[],
): Uint8Array<ArrayBuffer> {
  const probe: Probe = {
    schema: 1,
    heldOut,
    rows: rows.map(({ tokens, mask }, i) => ({ tokens, mask, base: base[i]!, tuned: tuned[i]! })),
  };
  return utf8(`${JSON.stringify(probe)}\n`);
}
