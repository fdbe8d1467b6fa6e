// What a page's runs are on disk, read without the page's help.
import type { Page } from 'playwright-core';
import type { RunEvent } from '../../src/debate/events';

/** Runs by id, each journal in order. */
export const onDisk = (page: Page): Promise<Record<string, RunEvent[]>> =>
  page.evaluate(
    () =>
      new Promise<Record<string, RunEvent[]>>((done, fail) => {
        const request = indexedDB.open('polylogue');
        request.onerror = () => fail(request.error);
        request.onsuccess = () => {
          const all = request.result.transaction('events').objectStore('events').getAll();
          all.onsuccess = () => {
            const runs: Record<string, RunEvent[]> = {};
            for (const { run, event } of all.result as { run: string; event: RunEvent }[]) (runs[run] ??= []).push(event);
            request.result.close();
            done(runs);
          };
        };
      }),
  );

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
