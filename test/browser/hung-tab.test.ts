// A tab that hangs does not keep its run or loop: another one takes it over from the list, and the hung one writes nothing when it comes back.
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import type { RunEvent } from '../../src/debate/events';
import type { LoopEvent } from '../../src/experiment/records';
import { violations } from './axe';
import { journey, shown as shownOn } from './journey';
import { loopOnDisk, onDisk } from './on-disk';

/** Answers to tabs that hang. */
let held: (() => void)[] = [];

const app = journey({
  ...{ patience: 150_000, abroad: true },
  handle(request, response) {
    if (request.url !== '/hang') return false;
    held.push(() => response.end());
    return true;
  },
});

const shown = (text: RegExp, on: Page): Promise<void> => shownOn(on, text);
const journal = async (on: Page): Promise<RunEvent[]> => Object.values(await onDisk(on))[0] ?? [];
const turnIds = (events: readonly RunEvent[]): string[] => events.flatMap(event => (event.type === 'turn' ? [event.turn.id] : []));

/** Counts the events that the disk took from this tab. */
const countWrites = (on: Page): Promise<void> =>
  on.evaluate(() => {
    const { add } = IDBObjectStore.prototype;
    const count = { written: 0 };
    Object.assign(window, count);
    IDBObjectStore.prototype.add = function (this: IDBObjectStore, ...args: Parameters<typeof add>) {
      if (this.name === 'events')
        this.transaction.addEventListener('complete', () => (window as unknown as typeof count).written++, { once: true });
      return add.apply(this, args);
    };
  });
const written = (on: Page): Promise<number> => on.evaluate(() => (window as unknown as { written: number }).written);

interface Hang {
  begin(page: Page): Promise<void>;
  end(page: Page): Promise<void>;
}

/** A request the page waits for without doing anything else. */
const letGo = async (): Promise<void> => {
  for (const answer of held) answer();
  held = [];
};
const hanging = (): Promise<void> => expect.poll(() => held.length, { timeout: 60_000 }).toBe(1);

const busy: Hang = {
  async begin(page) {
    await page.evaluate(() => {
      setTimeout(() => {
        const request = new XMLHttpRequest();
        request.open('GET', '/hang', false);
        request.send();
      });
    });
    await hanging();
  },
  end: letGo,
};

/** The worst moment: the browser waits a minute before it takes the disk away from the tab. */
const busyWriting: Hang = {
  async begin(page) {
    await page.evaluate(() => {
      const { add } = IDBObjectStore.prototype;
      IDBObjectStore.prototype.add = function (this: IDBObjectStore, ...args: Parameters<typeof add>) {
        const added = add.apply(this, args);
        if (this.name === 'events') {
          IDBObjectStore.prototype.add = add;
          const request = new XMLHttpRequest();
          request.open('GET', '/hang', false);
          request.send();
        }
        return added;
      };
    });
    await hanging();
  },
  end: letGo,
};

const setState = async (page: Page, state: 'frozen' | 'active'): Promise<void> => {
  const session = await app.browser.context.newCDPSession(page);
  await session.send('Page.setWebLifecycleState', { state });
  await session.detach();
};
const frozen: Hang = { begin: page => setState(page, 'frozen'), end: page => setState(page, 'active') };

const hangs = [
  ['its main thread is blocked', busy],
  ['it is frozen', frozen],
  ['its main thread is blocked in the middle of a write', busyWriting],
] as const;

it.each(hangs)('a run is taken over from a tab when %s', { timeout: 400_000 }, async (_, hang) => {
  const first = await app.open('#/batch');
  await first.getByLabel('Questions', { exact: true }).fill('400');
  await first.getByRole('button', { name: 'Run batch' }).click();
  await shown(/[1-9]\d* of 400 questions/, first);
  const second = await app.open('#/runs');
  await countWrites(second);
  await shown(/running in another tab/, second);
  await hang.begin(first);
  await second.getByRole('button', { name: 'Take over' }).click();
  const dialog = second.getByRole('dialog', { name: 'Take the run over?' });
  await dialog.waitFor();
  expect(await violations(second)).toEqual([]);
  await dialog.getByRole('button', { name: 'Take over' }).click();
  // The note that it goes on, and turns behind it.
  await expect.poll(() => written(second), { timeout: 150_000 }).toBeGreaterThan(10);
  const fromFirst = (await journal(second)).findIndex(event => event.type === 'note');

  await hang.end(first);
  await shown(/Another tab took the models over/, first);
  // What the first one wrote before it hung it tells only now: that is no news here.
  const soFar = await written(second);
  await expect.poll(() => written(second), { timeout: 100_000 }).toBeGreaterThan(soFar + 20);
  await second.getByRole('button', { name: 'Pause' }).click();
  await shown(/Go on/, second);
  const events = await journal(second);
  expect(events.length).toBe(fromFirst + (await written(second)));
  expect(notes(events)).toEqual(['resumed', 'paused']);
  expect(new Set(turnIds(events)).size).toBe(turnIds(events).length);
});

const notes = (events: readonly (LoopEvent | RunEvent)[]): string[] => events.flatMap(event => (event.type === 'note' ? [event.note] : []));

/** A loop trained in the page, as small as it may be but for its debates. */
async function startLoop(on: Page, heldOut: string, updates: string): Promise<void> {
  await on.getByText('trained in this page').click();
  const fill = (label: string, value: string): Promise<void> => on.getByLabel(label, { exact: true }).fill(value);
  await fill('Iterations', '1');
  await fill('Training questions', '6');
  await fill('Held-out questions', heldOut);
  await fill('Agents', '2');
  await fill('Generators: updates', updates);
  await on.getByText('Further settings').click();
  await fill('Questions scored for surprise', '0');
  await on.getByLabel('A critic without corrected rows').selectOption('other');
  await on.getByRole('button', { name: 'Run this here' }).click();
}

/** From the list of loops, after the question. */
async function takeLoop(on: Page): Promise<void> {
  await shown(/running in another tab/, on);
  await on
    .getByRole('region', { name: 'Loops kept here' })
    .getByRole('button', { name: /^Take over/ })
    .click();
  const dialog = on.getByRole('dialog', { name: 'Take the loop over?' });
  await dialog.waitFor();
  expect(await violations(on)).toEqual([]);
  await dialog.getByRole('button', { name: 'Take over' }).click();
}

it.each(hangs)('a loop is taken over, in its debate, from a tab when %s', { timeout: 400_000 }, async (_, hang) => {
  const first = await app.open('#/loop');
  await startLoop(first, '120', '12');
  await shown(/evaluate\s*[1-9]\d*\//, first);
  const second = await app.open('#/loop');
  await countWrites(second);
  await shown(/running in another tab/, second);
  await hang.begin(first);
  await takeLoop(second);
  await expect.poll(() => written(second), { timeout: 150_000 }).toBeGreaterThan(10);
  const fromFirst = (await journal(second)).findIndex(event => event.type === 'note' && event.note === 'resumed');

  await hang.end(first);
  await shown(/Another tab took this loop over/, first);
  expect(await violations(first)).toEqual([]);
  const soFar = await written(second);
  await expect.poll(() => written(second), { timeout: 100_000 }).toBeGreaterThan(soFar + 20);
  expect(await first.getByRole('button', { name: 'Pause' }).count()).toBe(0);
  await second.getByRole('button', { name: 'Pause' }).click();
  await shown(/· paused/, second);
  const events = await journal(second);
  expect(events.length).toBe(fromFirst + (await written(second)));
  // A frozen tab may still hear that its loop is gone, and lets go of the debate by itself.
  expect(notes(events).slice(-2)).toEqual(['resumed', 'paused']);
  expect(['', 'paused']).toContain(notes(events).slice(0, -2).join());
  expect(new Set(turnIds(events)).size).toBe(turnIds(events).length);
  expect(notes(await loopOnDisk(second))).toEqual(['resumed', 'paused']);
  // It can be taken back, and nobody asks: the other one has let go of it.
  await first.getByRole('button', { name: /^(Resume|Take over)$/ }).click();
  await shown(/Stopped\. Polylogue is running a model in another tab/, first);
});
