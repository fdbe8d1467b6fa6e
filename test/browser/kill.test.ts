// A page that debates is killed at random moments, again and again. The journal must end as if nothing had happened.
import { rmSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunEvent } from '../../src/debate/events';
import { checkEvents } from '../../src/share/check';
import { seededRandom } from '../../src/tasks/arithmetic/random';
import type { DebatePlan } from '../pages/store/lab';
import type {} from '../pages/store/main';
import { freshProfile, launch, servePage, type Browser, type Site } from './store-harness';

const seed = process.env.KILL_SEED ?? 'kill 1';
const leastKills = 24;
const plan: DebatePlan = { run: 'killed', questions: 3, agents: 3, rounds: 2, pace: 12, width: 5 };
/** 3 generators, 3 summaries, 3 critics each. */
const turnsOf = ({ questions, agents, rounds }: DebatePlan) => questions * (agents + 2 * agents * (rounds - 1));

let site: Site;
let browser: Browser;
const profile = freshProfile();

beforeAll(async () => {
  [site, browser] = await Promise.all([servePage('store'), launch(profile)]);
});
afterAll(async () => {
  await browser?.close();
  site?.close();
  rmSync(profile, { recursive: true, force: true });
});

interface Life {
  page: Page;
  /** Turns asked for in this life, in order. */
  asked: string[];
  /** Events that the store acknowledged as durable. */
  stored: number;
  /** Settles when the first turn has been asked for, or nothing was left to ask. */
  speaking: Promise<void>;
  finished: Promise<boolean>;
}

async function open(): Promise<Page> {
  const page = await browser.context.newPage();
  await page.goto(site.url);
  await page.waitForFunction(() => 'lab' in window);
  await page.evaluate(async () => {
    window.store = await window.lab.openStore({ name: 'kill' });
  });
  return page;
}

/** What a person would find: the run in the list, and its journal. Null before the first event was durable. */
const found = (page: Page, run: string): Promise<RunEvent[] | null> =>
  page.evaluate(async run => {
    const listed = (await window.store.listRuns()).find(entry => entry.run === run);
    if (!listed) return null;
    const { events, header, readOnly } = await window.store.readRun(run);
    if (listed.state !== 'ok' || readOnly || header.events !== events.length) throw new Error('the list and the journal differ');
    return events;
  }, run);

async function live(page: Page, plan: DebatePlan): Promise<Life> {
  let spoke = (): void => undefined;
  const life: Life = { page, asked: [], stored: 0, speaking: new Promise(done => (spoke = done)), finished: Promise.resolve(false) };
  await page.exposeFunction('reportAsked', (ids: string[]) => {
    life.asked.push(...ids);
    spoke();
  });
  await page.exposeFunction('reportStored', (events: number) => {
    life.stored = Math.max(life.stored, events);
  });
  life.finished = page
    .evaluate(async plan => {
      const { reportAsked, reportStored } = window as unknown as { reportAsked(ids: string[]): void; reportStored(events: number): void };
      await window.lab.resume(window.store, plan, { asked: reportAsked, stored: reportStored });
    }, plan)
    .then(
      () => true,
      (error: unknown) => {
        if (/crashed|closed|destroyed/i.test(String(error))) return false;
        throw error;
      },
    )
    .finally(spoke);
  return life;
}

type Weapon = 'renderer' | 'crash' | 'browser';

/** SIGKILL to the page's process, a crash of it, or SIGKILL to the whole browser. */
async function kill({ page }: Life, weapon: Weapon): Promise<void> {
  const gone = new Promise<void>(done => {
    page.once('crash', () => done());
    page.once('close', () => done());
  });
  if (weapon === 'crash') {
    const session = await browser.context.newCDPSession(page);
    // The reply never comes: the page is gone.
    session.send('Page.crash').catch(() => undefined);
    await gone;
  } else {
    for (const id of await browser.processes(weapon)) process.kill(id, 'SIGKILL');
    await gone;
  }
  if (weapon === 'browser') {
    await browser.context.close().catch(() => undefined);
    browser = await launch(profile);
  } else await page.close();
}

/** Order between independent turns is chance; what was said is not. */
const byContent = (events: readonly RunEvent[]): string[] => events.map(event => JSON.stringify(event)).sort();
const turnIds = (events: readonly RunEvent[]): string[] => events.flatMap(event => (event.type === 'turn' ? [event.turn.id] : []));

test(`at least ${leastKills} kills lose nothing, double nothing and repeat no turn that was done`, { timeout: 900_000 }, async () => {
  const random = seededRandom(seed);
  const moments: string[] = [];

  const first = await open();
  const reference = await first.evaluate(async plan => {
    await window.lab.debate(window.store, { ...plan, run: 'reference' });
    return (await window.store.readRun('reference')).events;
  }, plan);
  await first.close();
  expect(turnIds(reference)).toHaveLength(turnsOf(plan));

  let kills = 0;
  let repeated = 0;
  for (let run = 0; kills < leastKills; run++) {
    const mine = { ...plan, run: `killed-${run}` };
    let durable: RunEvent[] = [];
    let inFlight: string[] = [];
    let page = await open();
    for (let done = false; !done;) {
      const life = await live(page, mine);
      const wait = Math.floor(random() * 450);
      const x = random();
      const weapon: Weapon = x < 0.6 ? 'renderer' : x < 0.85 ? 'crash' : 'browser';
      await life.speaking;
      done = await Promise.race([life.finished, new Promise<false>(later => setTimeout(() => later(false), wait))]);
      if (!done) {
        await kill(life, weapon);
        kills++;
        moments.push(`${mine.run} after ${wait} ms by ${weapon}: ${life.stored} events`);
        await life.finished;
        page = await open();
      }

      const stored = turnIds(durable);
      expect(
        life.asked.filter(id => stored.includes(id)),
        'a stored turn is never asked for again',
      ).toEqual([]);
      const again = life.asked.filter(id => inFlight.includes(id));
      repeated += again.length;

      const after = (await found(page, mine.run)) ?? [];
      expect(after.slice(0, durable.length), 'nothing that was there is gone or changed').toEqual(durable);
      expect(after.length, 'what was acknowledged is there').toBeGreaterThanOrEqual(life.stored);
      expect(new Set(turnIds(after)).size, 'nothing is doubled').toBe(turnIds(after).length);
      durable = after;
      inFlight = life.asked.filter(id => !turnIds(durable).includes(id));
      expect(inFlight.length, 'only the turns of one call are done again').toBeLessThanOrEqual(mine.width);
    }
    await page.close();

    // Equal to the uninterrupted run, but for its name and for chance in the order of independent turns.
    const renamed = durable.map(event =>
      event.type === 'run-started' ? { ...event, run: 'reference', title: 'Scripted reference' } : event,
    );
    expect(byContent(renamed)).toEqual(byContent(reference));
    // In an order in which it can have happened: every turn after those it quotes, one start, one end.
    checkEvents(durable);
    expect([durable[0]?.type, durable.at(-1)?.type]).toEqual(['run-started', 'run-finished']);
  }
  console.log(`seed "${seed}": ${kills} kills, ${repeated} turns done again\n${moments.join('\n')}`);
  expect(repeated).toBeGreaterThan(0);
});
