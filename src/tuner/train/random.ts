// The random numbers of a job: each a pure function of the job's seed, what it is for, and its index, so that resuming needs no state.
import { philox4x32 } from '../../models/philox';

const purposes = { order: 1, adapters: 2 } as const;

/** u(index) in [0, 1) with 32 bits. @param stream e.g. the epoch */
export function uniform(seed: number, purpose: keyof typeof purposes, stream = 0): (index: number) => number {
  return index => philox4x32([index >>> 0, stream >>> 0, purposes[purpose], 0], [seed >>> 0, 0x74726169])[0] / 2 ** 32;
}
