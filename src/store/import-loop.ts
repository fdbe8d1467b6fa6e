// Bringing a whole loop in from a file: its debates, its sets, then the loop itself. Merged by id; nothing here is ever overwritten.
import type { RunEvent } from '../debate/events';
import { isIntact } from '../datasets/seal';
import { foldLoopAll } from '../experiment/fold';
import type { LoopEvent, LoopFile } from '../experiment/records';
import { parseLoopEvent } from '../experiment/schema';
import { StoreError } from './errors';
import { importRun, planImport, type ImportPlan } from './import';
import { advanceLoop, loopHeaderOf, loopOnceKey, type LoopHeader } from './loop-records';
import type { RunStore } from './store';

export interface LoopImportPlan {
  /** restored = will be added, or the loop here continued by `added` events; duplicate = nothing to do; invalid = cannot be taken, see `reason`. */
  verdict: 'restored' | 'duplicate' | 'invalid';
  loop: string;
  title: string;
  added: number;
  /** Of its debates, and how many sets are not here yet. */
  runs: ImportPlan[];
  sets: number;
  reason?: string;
}

interface Prepared {
  plan: LoopImportPlan;
  header: LoopHeader | null;
  tail: LoopEvent[];
}

/** Titles may differ: they are labels. */
const fingerprint = (event: LoopEvent): string =>
  JSON.stringify(parseLoopEvent(event.type === 'loop-started' ? { ...event, title: '' } : event));

const runsOf = (file: LoopFile): [string, RunEvent[]][] => Object.entries(file.runs ?? {});

async function prepare(store: RunStore, file: LoopFile): Promise<Prepared> {
  const [start, ...rest] = file.events;
  let [loop, title] = ['', ''];
  const invalid = (reason: string): Prepared => ({
    plan: { verdict: 'invalid', loop, title, added: 0, runs: [], sets: 0, reason },
    header: null,
    tail: [],
  });
  if (start?.type !== 'loop-started') return invalid('It does not begin with the start of a loop.');
  ({ loop, title } = start);
  try {
    foldLoopAll(file.events);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return invalid(`Its events contradict each other: ${error.message}.`);
  }
  const once = file.events.map(loopOnceKey).filter(key => key !== undefined);
  if (new Set(once).size < once.length) return invalid('It holds a stage twice.');

  const runs: ImportPlan[] = [];
  for (const [run, events] of runsOf(file)) {
    const plan = await planImport(store, { polylogue: 'run', schema: 1, events });
    if (plan.verdict === 'invalid') return invalid(`Its debate ${run} cannot be taken. ${plan.reason ?? ''}`.trim());
    if (plan.run !== run) return invalid(`The debate kept as ${run} is another one.`);
    runs.push(plan);
  }
  let sets = 0;
  for (const [sha256, set] of Object.entries(file.sets ?? {})) {
    if (set.header.sha256 !== sha256 || !isIntact(set)) return invalid('The rows of a training set are not those it is named after.');
    if (!(await store.sets.read(sha256))) sets++;
  }

  const plan = { loop, title, runs, sets };
  const here = (await store.listLoops()).find(listed => listed.loop === loop);
  if (!here) {
    const header = rest.reduce(advanceLoop, loopHeaderOf(start, 'imported'));
    return { plan: { ...plan, verdict: 'restored', added: file.events.length }, header, tail: file.events };
  }
  const known = (await store.readLoop(loop)).events.map(fingerprint);
  const given = file.events.map(fingerprint);
  const shared = Math.min(known.length, given.length);
  if (known.slice(0, shared).some((text, at) => text !== given[at])) return invalid('A different loop with the same id is already here.');
  const tail = file.events.slice(shared);
  const news = tail.length > 0 || sets > 0 || runs.some(run => run.verdict === 'restored');
  return { plan: { ...plan, verdict: news ? 'restored' : 'duplicate', added: tail.length }, header: null, tail };
}

/** The dry run: what an import of this file would do. The file has passed the checks of `share`. */
export const planLoopImport = async (store: RunStore, file: LoopFile): Promise<LoopImportPlan> => (await prepare(store, file)).plan;

/**
 * Does what `planLoopImport` said. Cut short, it can be repeated: the loop itself is listed only when all it names is there.
 * @throws StoreError when the browser cannot store it: an import is durable or it did not happen
 */
export async function importLoop(store: RunStore, file: LoopFile): Promise<LoopImportPlan> {
  const { plan, header, tail } = await prepare(store, file);
  if (plan.verdict !== 'restored') return plan;
  const noRoom = () => new StoreError('quota', 'This browser has no room left for the whole loop.', 'Delete old runs, then import again.');
  for (const [, events] of runsOf(file)) await importRun(store, { polylogue: 'run', schema: 1, events }, plan.loop);
  const sets = Object.values(file.sets ?? {});
  if (sets.length > 0 && !(await store.sets.save(sets, plan.loop))) throw noRoom();
  if (header) {
    await store.insertLoop(header, tail);
    return plan;
  }
  for (const event of tail) {
    const { durable } = await store.appendLoop(plan.loop, event);
    if (!durable) throw noRoom();
  }
  await store.releaseLoop(plan.loop);
  return plan;
}
