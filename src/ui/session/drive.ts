// The debate room's protocol behind the one seam that a live run has.
import { DebateHalted, runDebate } from '../../debate/protocol';
import type { Drive } from './live-run.svelte';

/** Rows per pass: wide enough for the batched engine to pay off, narrow enough that a pause repeats little. */
const usualWidth = 24;

export const drive: Drive = async ({ state, generate, append, emit, date, width = usualWidth, signal }) => {
  if (!state.start) throw new RangeError('a run must have begun before it is driven');
  try {
    await runDebate({ start: state.start, state, generate, append, emit, now: date, width, signal });
  } catch (error) {
    if (error instanceof DebateHalted) throw Object.assign(new Error(error.fault.message), error.fault);
    throw error;
  }
};
