// A page that runs a closed loop is killed at random moments. The loop must end as if nothing had happened, with nothing lost or doubled.
import { rmSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { foldLoopAll } from '../../src/experiment/fold';
import { essence } from '../../src/experiment/loop.fixture';
import type { LoopEvent } from '../../src/experiment/records';
import { seededRandom } from '../../src/tasks/arithmetic/random';
import type { LoopPlan } from '../pages/store/loops';
import type {} from '../pages/store/main';
import { freshProfile, launch, servePage, type Browser, type Site } from './store-harness';

const seed = process.env.KILL_SEED ?? 'kill loop 1';
const leastKills = 20;
const plan: LoopPlan = { loop: 'loop', iterations: 2, pace: 12 };

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

/** @param name of the database: each loop has a record of its own */
async function open(name: string): Promise<Page> {
  const page = await browser.context.newPage();
  await page.goto(site.url);
  await page.waitForFunction(() => 'lab' in window);
  await page.evaluate(async name => {
    window.store = await window.lab.openStore({ name });
  }, name);
  return page;
}

interface Found {
  events: LoopEvent[];
  runs: Record<string, number>;
  sets: string[];
  /** Adapter and hash of its weights. */
  weights: [string, string][];
}

/** What a person would find, everything read back and checked. */
const found = (page: Page): Promise<Found> =>
  page.evaluate(async () => {
    const { store } = window;
    const known = (await store.listLoops()).length > 0;
    const runs: Record<string, number> = {};
    for (const { run } of await store.listRuns({ loop: 'loop' })) {
      const { events } = await store.readRun(run);
      const turns = events.flatMap(event => (event.type === 'turn' ? [event.turn.id] : []));
      if (new Set(turns).size < turns.length) throw new Error(`${run} holds a turn twice`);
      runs[run] = events.length;
    }
    const sets: string[] = [];
    for (const { sha256 } of await store.sets.list({ loop: 'loop' })) if (await store.sets.read(sha256)) sets.push(sha256);
    const weights: [string, string][] = [];
    for (const { id } of await store.adapters.list({ loop: 'loop' })) weights.push([id, (await store.adapters.read(id)).record.sha256]);
    return { events: known ? (await store.readLoop('loop')).events : [], runs, sets, weights };
  });

async function live(page: Page): Promise<{ stored: () => number; finished: Promise<boolean> }> {
  let most = 0;
  await page.exposeFunction('reportStored', (events: number) => void (most = Math.max(most, events)));
  const finished = page
    .evaluate(async plan => {
      const { reportStored } = window as unknown as { reportStored(events: number): void };
      await window.lab.loopOn(window.store, plan, reportStored);
    }, plan)
    .then(
      () => true,
      (error: unknown) => {
        if (/crashed|closed|destroyed/i.test(String(error))) return false;
        throw error;
      },
    );
  return { stored: () => most, finished };
}

/** SIGKILL to the page's process, or to the whole browser. */
async function kill(page: Page, weapon: 'renderer' | 'browser'): Promise<void> {
  const gone = new Promise<void>(done => {
    page.once('crash', () => done());
    page.once('close', () => done());
  });
  for (const id of await browser.processes(weapon)) process.kill(id, 'SIGKILL');
  await gone;
  if (weapon === 'browser') {
    await browser.context.close().catch(() => undefined);
    browser = await launch(profile);
  } else await page.close();
}

test(`at least ${leastKills} kills, and each loop ends as the one that was left alone`, { timeout: 900_000 }, async () => {
  const random = seededRandom(seed);
  const calm = await open('calm');
  await calm.evaluate(plan => window.lab.loopOn(window.store, { ...plan, pace: 0 }), plan);
  const reference = await found(calm);
  await calm.close();
  expect(reference.weights).toHaveLength(8);

  let kills = 0;
  const moments: string[] = [];
  for (let round = 0; kills < leastKills; round++) {
    const name = `killed ${round}`;
    let durable: LoopEvent[] = [];
    let page = await open(name);
    for (let done = false; !done;) {
      const { stored, finished } = await live(page);
      const wait = 30 + Math.floor(random() * 500);
      const weapon = random() < 0.8 ? 'renderer' : 'browser';
      done = await Promise.race([finished, new Promise<false>(later => setTimeout(() => later(false), wait))]);
      if (!done) {
        await kill(page, weapon);
        kills++;
        await finished;
        page = await open(name);
      }
      const { events } = await found(page);
      moments.push(`${name} after ${wait} ms: ${stored()} events${done ? '' : `, killed by ${weapon}`}`);
      expect(events.slice(0, durable.length), 'nothing that was there is gone or changed').toEqual(durable);
      expect(events.length, 'what was acknowledged is there').toBeGreaterThanOrEqual(stored());
      if (events.length > 0) foldLoopAll(events);
      durable = events;
    }
    const after = await found(page);
    await page.close();
    expect(essence(after.events)).toEqual(essence(reference.events));
    expect(after.runs).toEqual(reference.runs);
    expect(after.sets).toEqual(reference.sets);
    expect(after.weights).toEqual(reference.weights);
  }
  console.log(`seed "${seed}": ${kills} kills\n${moments.join('\n')}`);
});
