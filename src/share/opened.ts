// What is said about a run from elsewhere before it is looked at: where from, when, by what, and whether it agrees with itself.
import type { RunEvent, RunFile } from '../debate/events';
import type { RunState } from '../debate/fold';
import { digestOf } from './digest';
import { inspect, type Integrity } from './integrity';

export interface OpenedRun {
  from: 'link' | 'file';
  file: RunFile;
  state: RunState;
  digest: string;
  /**
   * 'intact' = the file's own digest fits; 'consistent' = nothing contradicts it, which an able editor can arrange;
   * 'edited' = the digest or the texts, prompts, answers and votes do not fit each other; 'unknown' = too little was kept to tell.
   */
  edited: 'intact' | 'consistent' | 'edited' | 'unknown';
  integrity: Integrity;
  /** Text was left out to make the link short. */
  abridged: boolean;
}

export function describeOpened(
  from: OpenedRun['from'],
  events: RunEvent[],
  state: RunState,
  { abridged = false, claimed = null }: { abridged?: boolean; claimed?: string | null } = {},
): OpenedRun {
  const digest = digestOf(events);
  const integrity = inspect(state);
  const off = integrity.prompts + integrity.answers + integrity.votes > 0;
  const edited = claimed !== null ? (claimed === digest ? 'intact' : 'edited') : abridged ? 'unknown' : off ? 'edited' : 'consistent';
  return { from, file: { polylogue: 'run', schema: 1, events }, state, digest, edited, integrity, abridged };
}
