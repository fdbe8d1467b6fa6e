// Bringing a run in from a file: what would happen is said first, then done. Runs are merged by id; nothing here is ever overwritten.
import type { RunEvent, RunFile } from '../debate/events';
import { foldAll } from '../debate/fold';
import { parseRunEvent } from '../debate/schema';
import { StoreError } from './errors';
import { advance, headerOf, onceKey, type RunHeader } from './records';
import type { RunStore } from './store';

export interface ImportPlan {
  /** restored = will be added, or the run here continued by `added` events; duplicate = nothing to do; invalid = cannot be taken, see `reason`. */
  verdict: 'restored' | 'duplicate' | 'invalid';
  run: string;
  title: string;
  added: number;
  reason?: string;
}

interface Prepared {
  plan: ImportPlan;
  header: RunHeader | null;
  tail: RunEvent[];
}

/** Titles may differ: they are labels. */
const fingerprint = (event: RunEvent): string =>
  JSON.stringify(parseRunEvent(event.type === 'run-started' ? { ...event, title: '' } : event));

async function prepare(store: RunStore, file: RunFile, loop?: string): Promise<Prepared> {
  const [start, ...rest] = file.events;
  const invalid = (reason: string, run = '', title = ''): Prepared => ({
    plan: { verdict: 'invalid', run, title, added: 0, reason },
    header: null,
    tail: [],
  });
  if (start?.type !== 'run-started') return invalid('It does not begin with the start of a run.');
  const { run, title } = start;
  try {
    foldAll(file.events);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return invalid(`Its events contradict each other: ${error.message}.`, run, title);
  }
  const once = file.events.map(onceKey).filter(key => key !== undefined);
  if (new Set(once).size < once.length) return invalid('It holds a turn or a decision twice.', run, title);

  const here = (await store.listRuns()).find(listed => listed.run === run);
  if (!here) {
    const header = rest.reduce(advance, headerOf(start, 'imported', loop));
    return { plan: { verdict: 'restored', run, title, added: file.events.length }, header, tail: file.events };
  }
  const known = (await store.readRun(run)).events.map(fingerprint);
  const given = file.events.map(fingerprint);
  const shared = Math.min(known.length, given.length);
  if (known.slice(0, shared).some((text, at) => text !== given[at])) {
    return invalid('A different run with the same id is already here.', run, title);
  }
  const tail = file.events.slice(shared);
  return { plan: { verdict: tail.length > 0 ? 'restored' : 'duplicate', run, title, added: tail.length }, header: null, tail };
}

/** The dry run: what an import of this file would do. The file has passed the checks of `share`. */
export const planImport = async (store: RunStore, file: RunFile): Promise<ImportPlan> => (await prepare(store, file)).plan;

/** Does what `planImport` said. @param loop the loop it is a debate of @throws StoreError when the browser cannot store it: an import is durable or it did not happen */
export async function importRun(store: RunStore, file: RunFile, loop?: string): Promise<ImportPlan> {
  const { plan, header, tail } = await prepare(store, file, loop);
  if (plan.verdict !== 'restored') return plan;
  if (header) {
    await store.insertRun(header, tail);
    return plan;
  }
  for (const event of tail) {
    const { durable } = await store.append(plan.run, event);
    if (!durable) throw new StoreError('quota', 'This browser has no room left for the whole run.', 'Delete old runs, then import again.');
  }
  await store.release(plan.run);
  return plan;
}
