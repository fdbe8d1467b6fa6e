// A stranger's loop becomes one that can be shown, or a clear error: every event, debate and set passes its schema, and together they fit.
import * as v from 'valibot';
import type { TrainingSet } from '../datasets/records';
import { parseTrainingSet } from '../datasets/schema';
import type { RunEvent } from '../debate/events';
import { issueText } from '../debate/schema';
import { foldLoopAll, type LoopState } from '../experiment/fold';
import type { LoopEvent, LoopFile } from '../experiment/records';
import { parseLoopEvent } from '../experiment/schema';
import { checkEvents } from './check';
import { ShareError } from './errors';

/** More than a page can show. */
export const loopLimits = { events: 20_000, runs: 500, sets: 20_000 } as const;

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const invalid = (message: string, cause?: unknown) =>
  new ShareError('invalid', `${message}.`, 'It may have been edited by hand, or made by another program.', cause);
const contradiction = (message: string) => new ShareError('contradiction', `${message}.`, 'It may have been edited; ask for the original.');
const large = (message: string) => new ShareError('too-large', `${message}.`, 'Look at it with the command line.');

/** Copies what is known of each event and drops the rest. @throws ShareError 'invalid', 'contradiction', 'too-large' */
export function checkLoopEvents(value: unknown): { events: LoopEvent[]; state: LoopState } {
  if (!Array.isArray(value)) throw invalid('The list of events is missing');
  if (value.length > loopLimits.events)
    throw large(`It holds ${value.length} events; ${loopLimits.events} is the most that is opened here`);
  const events = value.map((event: unknown, at) => {
    try {
      return parseLoopEvent(event);
    } catch (error) {
      if (!(error instanceof v.ValiError)) throw error;
      throw invalid(`Event ${at} is not one (${issueText(error.issues)})`, error);
    }
  });
  if (events[0]?.type !== 'loop-started') throw invalid('It does not begin with the start of a loop');
  try {
    return { events, state: foldLoopAll(events) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw contradiction(`Its events contradict each other: ${error.message.slice(0, 200)}`);
  }
}

/** The debate that a loop names `id`. @throws ShareError */
export function checkLoopRun(id: string, value: unknown): RunEvent[] {
  const { events, state } = checkEvents(value);
  if (state.start?.run !== id) throw contradiction(`The debate kept as ${id.slice(0, 100)} is another one`);
  return events;
}

/** The set that a loop names by the hash of its rows. @throws ShareError */
export function checkLoopSet(sha256: string, value: unknown): TrainingSet {
  let set: TrainingSet;
  try {
    set = parseTrainingSet(value);
  } catch (error) {
    if (error instanceof v.ValiError) throw invalid(`A training set is not one (${issueText(error.issues)})`, error);
    if (error instanceof RangeError) throw contradiction('The rows of a training set are not those it is named after');
    throw error;
  }
  if (set.header.sha256 !== sha256) throw contradiction(`The training set kept as ${sha256.slice(0, 16)} is another one`);
  return set;
}

function checkParts<T>(value: unknown, most: number, what: string, check: (name: string, part: unknown) => T): Record<string, T> | null {
  if (value === undefined) return null;
  if (!isObject(value)) throw invalid(`The list of ${what} is not one`);
  const parts = Object.entries(value);
  if (parts.length > most) throw large(`It holds ${parts.length} ${what}; ${most} is the most that is opened here`);
  return Object.fromEntries(parts.map(([name, part]) => [name, check(name, part)]));
}

/** @param value parsed JSON that says it is a loop of schema 1 @throws ShareError */
export function checkLoop(value: Record<string, unknown>): { file: LoopFile; state: LoopState } {
  const { events, state } = checkLoopEvents(value.events);
  const runs = checkParts(value.runs, loopLimits.runs, 'debates', checkLoopRun);
  const sets = checkParts(value.sets, loopLimits.sets, 'training sets', checkLoopSet);
  return { file: { polylogue: 'loop', schema: 1, events, ...(runs && { runs }), ...(sets && { sets }) }, state };
}
