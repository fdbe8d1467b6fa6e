// What a page's runs and loops are on disk, read without the page's help.
import type { Page } from 'playwright-core';
import type { RunEvent } from '../../src/debate/events';
import type { LoopEvent } from '../../src/experiment/records';

/** All that one table of the page's database holds, in order. */
const table = <T>(page: Page, name: string): Promise<T[]> =>
  page.evaluate(
    store =>
      new Promise<T[]>((done, fail) => {
        const opening = indexedDB.open('polylogue');
        opening.onerror = () => fail(opening.error!);
        opening.onsuccess = () => {
          const reading = opening.result.transaction(store).objectStore(store).getAll();
          reading.onerror = () => fail(reading.error!);
          reading.onsuccess = () => {
            opening.result.close();
            done(reading.result as T[]);
          };
        };
      }),
    name,
  );

/** Runs by id, each journal in order. */
export async function onDisk(page: Page): Promise<Record<string, RunEvent[]>> {
  const runs: Record<string, RunEvent[]> = {};
  for (const { run, event } of await table<{ run: string; event: RunEvent }>(page, 'events')) (runs[run] ??= []).push(event);
  return runs;
}

/** The journal of the one loop of this browser. */
export const loopOnDisk = async (page: Page): Promise<LoopEvent[]> =>
  (await table<{ event: LoopEvent }>(page, 'loopEvents')).map(({ event }) => event);

/** What was said and decided, whatever the order and the clock. */
export const said = (events: readonly RunEvent[]): string[] =>
  events
    .flatMap(event => {
      if (event.type === 'decided') return [JSON.stringify(event.vote)];
      if (event.type !== 'turn') return [];
      const { id, text, answer, prompt, promptHash } = event.turn;
      return [JSON.stringify([id, text, answer, prompt, promptHash])];
    })
    .sort();
