// The built page debates with its own model and is killed at random moments, again and again. Each time the run is listed, opens, goes on, and
// ends as one that was left alone.
import { rmSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunEvent } from '../../src/debate/events';
import { checkEvents } from '../../src/share/check';
import { seededRandom } from '../../src/tasks/arithmetic/random';
import { copyApp, serveFolder, type Site } from './harness';
import { onDisk, said } from './on-disk';
import { freshProfile, launch, type Browser } from './store-harness';

const seed = process.env.KILL_SEED ?? 'kill the page 1';
const leastKills = 20;
const questions = 24;
/** Rows in one pass of the engine, as `ui/session/drive.ts` asks for them: what may be in flight. */
const width = 24;
const patience = 120_000;

let dir: string;
let site: Site;
let browser: Browser;
const profile = freshProfile();

beforeAll(async () => {
  ({ dir } = copyApp());
  [site, browser] = await Promise.all([serveFolder(dir), launch(profile)]);
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
  for (const path of [dir, profile]) rmSync(path, { recursive: true, force: true });
});

interface Life {
  page: Page;
  /** Turns that were asked of the model in this life. */
  asked: string[];
  /** Events that were handed to the disk in this life. */
  written: number;
  errors: string[];
}

async function open(hash: string): Promise<Life> {
  const page = await browser.context.newPage();
  page.setDefaultTimeout(patience);
  const life: Life = { page, asked: [], written: 0, errors: [] };
  page.on('pageerror', error => life.errors.push(String(error)));
  await page.exposeFunction('reportAsked', (ids: string[]) => void life.asked.push(...ids));
  await page.exposeFunction('reportWritten', () => void life.written++);
  await page.addInitScript(() => {
    const { add } = IDBObjectStore.prototype;
    IDBObjectStore.prototype.add = function (this: IDBObjectStore, ...args: Parameters<typeof add>) {
      (window as unknown as { reportWritten(): void }).reportWritten();
      return add.apply(this, args);
    };
    const { postMessage } = Worker.prototype;
    Worker.prototype.postMessage = function (this: Worker, message: { type?: unknown; rows?: { id: string }[] }, ...rest: never[]) {
      if (message.type === 'generate')
        (window as unknown as { reportAsked(ids: string[]): void }).reportAsked((message.rows ?? []).map(({ id }) => id));
      postMessage.call(this, message, ...rest);
    } as typeof postMessage;
  });
  await page.goto(`${site.url}sub/path/${hash}`);
  return life;
}

type Weapon = 'renderer' | 'crash' | 'browser' | 'reload';

/** A crash of the page, SIGKILL to its process or to the whole browser, or nothing worse than the reload button. */
async function kill({ page }: Life, weapon: Weapon): Promise<void> {
  if (weapon === 'reload') {
    await page.goto('about:blank');
    return page.close();
  }
  const gone = new Promise<void>(done => {
    page.once('crash', () => done());
    page.once('close', () => done());
  });
  if (weapon === 'crash') {
    const session = await browser.context.newCDPSession(page);
    // The reply never comes: the page is gone.
    session.send('Page.crash').catch(() => undefined);
  } else for (const id of await browser.processes(weapon)) process.kill(id, 'SIGKILL');
  await gone;
  if (weapon === 'browser') {
    await browser.context.close().catch(() => undefined);
    browser = await launch(profile);
  } else await page.close();
}

const finishedIn = (page: Page): Promise<unknown> =>
  page.waitForFunction(
    total => document.body.innerText.includes(`${total} of ${total} questions`) && /\bfinished\b/.test(document.body.innerText),
    questions,
  );

async function startBatch({ page }: Life): Promise<void> {
  await page.evaluate(() => void (location.hash = '#/batch'));
  await page.getByLabel('Questions', { exact: true }).fill(String(questions));
  await page.getByRole('button', { name: 'Run batch' }).click();
}

/** From the list, as a person would. A killed page's locks are freed a moment after its death. */
async function resume({ page }: Life): Promise<void> {
  await page
    .getByText(/unfinished|in another tab/)
    .first()
    .waitFor();
  const button = page.getByRole('button', { name: /^(?:Resume|Take over)\b/ });
  for (;;) {
    await button.first().click();
    await page.waitForFunction(() => location.hash.length > '#/runs'.length || document.querySelector('dialog') !== null);
    if (!page.url().endsWith('#/runs')) return;
    await page.getByRole('dialog').getByRole('button', { name: 'Leave it there' }).click();
  }
}

const turnsOf = (events: readonly RunEvent[]) => events.flatMap(event => (event.type === 'turn' ? [event.turn] : []));
test(
  `at least ${leastKills} kills of the page itself lose nothing, double nothing and repeat no turn that was kept`,
  { timeout: 600_000 },
  async () => {
    const random = seededRandom(seed);
    const calm = await open('#/batch');
    await startBatch(calm);
    await finishedIn(calm.page);
    const [reference] = Object.values(await onDisk(calm.page));
    await calm.page.close();
    const began = performance.now();

    let kills = 0;
    let repeated = 0;
    let midway = 0;
    const moments: string[] = [];
    const done = new Set(reference!.flatMap(event => (event.type === 'run-started' ? [event.run] : [])));
    while (kills < leastKills) {
      let life = await open('#/batch');
      await startBatch(life);
      let run: string | null = null;
      let durable: RunEvent[] = [];
      let inFlight: string[] = [];
      for (let finished = false; !finished;) {
        const kept = turnsOf(durable).map(({ id }) => id);
        // Some of the kills fall while it loads or is about to; the others while it speaks, after none to some thirty turns.
        const spoken = Math.floor(random() * 30);
        const early = random() < 0.25;
        const wait = Math.floor(random() * (early ? 700 : 300));
        const weapon: Weapon = (['renderer', 'crash', 'reload', 'browser'] as const)[Math.floor(random() * 3.5)]!;
        const { page, asked } = life;
        if (!early)
          await Promise.race([
            expect.poll(() => asked.length > 0 && life.written > spoken, { timeout: patience, interval: 10 }).toBe(true),
            finishedIn(page),
          ]);
        const end =
          kills >= leastKills ? finishedIn(page).then(() => true) : new Promise<false>(later => setTimeout(() => later(false), wait));
        finished = await Promise.race([
          end,
          finishedIn(page).then(
            () => true,
            () => false,
          ),
        ]);
        if (!finished) {
          await kill(life, weapon);
          kills++;
        }
        expect(life.errors).toEqual([]);
        expect(
          asked.filter(id => kept.includes(id)),
          'a turn that was kept is never asked for again',
        ).toEqual([]);
        repeated += asked.filter(id => inFlight.includes(id)).length;

        // The next life looks at what the last one left before it goes on.
        if (!finished) life = await open('#/runs');
        const disk = await onDisk(life.page);
        run ??= Object.keys(disk).find(id => !done.has(id)) ?? null;
        const after = run === null ? [] : disk[run]!;
        moments.push(
          `${kills}. after ${early ? 'opening' : `${spoken} turns`} + ${wait} ms by ${finished ? 'nobody' : weapon}: ${after.length} events`,
        );
        if (after.length > 1 && !finished) midway++;
        expect(after.slice(0, durable.length), 'nothing that was there is gone or changed').toEqual(durable);
        const ids = turnsOf(after).map(({ id }) => id);
        expect(new Set(ids).size, 'nothing is doubled').toBe(ids.length);
        durable = after;
        // The last event may have been kept a moment before the kill.
        finished ||= durable.at(-1)?.type === 'run-finished';
        inFlight = asked.filter(id => !ids.includes(id));
        expect(inFlight.length, 'only the turns of one pass are done again').toBeLessThanOrEqual(width);
        if (finished) await life.page.close();
        else await (run === null ? startBatch(life) : resume(life));
      }
      done.add(run!);
      checkEvents(durable);
      expect(said(durable)).toEqual(said(reference!));
    }
    const seconds = Math.round((performance.now() - began) / 1000);
    console.log(
      `seed "${seed}": ${kills} kills in ${seconds} s, ${midway} amid a run, ${repeated} turns done again\n${moments.join('\n')}`,
    );
    expect(repeated).toBeGreaterThan(0);
    expect(midway).toBeGreaterThan(leastKills / 3);
  },
);
