// A loop whose trainings were watched when the page went away goes on by itself. Where that needs a word of the reader, it is said which.
import type { MemoStore } from '../../finetune/memo';
import { StoreError } from '../../store/errors';
import type { RunStore } from '../../store/store';
import type { EndpointChoice } from '../endpoint/endpoint.svelte';
import { watchedOrders } from './watched';

/** A loop that could not go on by itself. */
export interface Waiting {
  loop: string;
  title: string;
  /** In whole sentences, with what to press. */
  reason: string;
}

export interface ReviveDeps {
  store: Pick<RunStore, 'listLoops' | 'readLoop' | 'claimLoop' | 'releaseLoop'> & { memos: Pick<MemoStore, 'read'> };
  endpoint: Pick<EndpointChoice, 'ready' | 'unasked'>;
  /** Whether tabs can see each other: without that two of them would go on with one loop. */
  tabsSeen: boolean;
  /** Whether another tab has the models, which the trained weights are tried with. */
  elsewhere(): Promise<boolean>;
  sleep(ms: number): Promise<void>;
}

/** The page that was just left may hold its loop for a moment longer. */
const claimTries = 6;
const claimPause = 500;

/** @returns false when another tab is going on with it */
async function claim({ store, sleep }: ReviveDeps, loop: string): Promise<boolean> {
  for (let left = claimTries; left > 0; left--) {
    try {
      await store.claimLoop(loop);
      return true;
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'busy') throw error;
      if (left > 1) await sleep(claimPause);
    }
  }
  return false;
}

async function reasonToWait({ store, endpoint, elsewhere }: ReviveDeps, loop: string, orders: readonly string[]): Promise<string> {
  if (await elsewhere()) return 'A model runs in another tab of this browser. Pause it there, or close that tab, then press Resume.';
  const memos = await Promise.all(orders.map(key => store.memos.read(key)));
  const origins = new Set(memos.map(memo => memo?.origin ?? null));
  return [...origins].map(origin => endpoint.unasked(loop, origin)).find(reason => reason !== '') ?? '';
}

/**
 * The newest loop whose trainings are to be watched again; it is claimed for this tab unless it waits.
 * @returns null when there is none, or another tab has it
 * @throws StoreError
 */
export async function findWatched(deps: ReviveDeps): Promise<Waiting | null> {
  const { store, endpoint, tabsSeen } = deps;
  const unfinished = (await store.listLoops()).filter(
    ({ state, header }) => state === 'ok' && header?.finished === null && header.source === 'here',
  );
  for (const { loop, title } of unfinished) {
    if (watchedOrders((await store.readLoop(loop)).events).length === 0) continue;
    if (!tabsSeen) {
      const reason = 'This browser does not let tabs see each other here. If no other tab goes on with it, press Resume.';
      return { loop, title, reason };
    }
    // Asked before the claim, which keeps others away.
    await endpoint.ready;
    if (!(await claim(deps, loop))) continue;
    // Whoever had it until now may have gone further, or paused.
    const orders = watchedOrders((await store.readLoop(loop)).events);
    const reason = orders.length > 0 ? await reasonToWait(deps, loop, orders) : '';
    if (orders.length > 0 && reason === '') return { loop, title, reason };
    await store.releaseLoop(loop);
    if (reason !== '') return { loop, title, reason };
  }
  return null;
}
