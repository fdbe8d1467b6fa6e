import { beforeAll, describe, expect, it } from 'vitest';
import { plannedUpdates } from '../../experiment/training-plan';
import { emptyLoop, foldLoop, foldLoopAll, type LoopState } from '../../experiment/fold';
import { blankDisk, loopConfigOf, sit } from '../../experiment/loop.fixture';
import type { LoopEvent } from '../../experiment/records';
import { agentRows, lossEnds, scarceWords } from './agents';
import { accuracyTitle } from './accuracy';
import { diversityCharts } from './diversity';
import { costRows, labelTitle, sizeRows } from './labels';
import { goalOf, positionOf, secondsLeft, shareDone, stageSeconds, trackOf, unknownUntil } from './progress';
import { stopsOf } from './reel';
import { loopConfigLine } from './words';

let events: LoopEvent[];
beforeAll(async () => {
  const disk = blankDisk();
  await sit({ disk }, loopConfigOf({ iterations: 2 }));
  events = disk.events;
});
const upTo = (count: number) => foldLoopAll(events.slice(0, count));

describe('how far a loop is', () => {
  it('only ever grows, from nothing to everything', () => {
    const shares = events.map((_, i) => shareDone(upTo(i + 1)));
    for (let i = 1; i < shares.length; i++) expect(shares[i]).toBeGreaterThanOrEqual(shares[i - 1]!);
    expect(shareDone(emptyLoop)).toBe(0);
    expect(shares[0]).toBe(0);
    expect(shares.at(-1)).toBe(1);
    expect(positionOf(upTo(events.length))).toBeNull();
  });

  it('the track names one stage as the one under way, in order', () => {
    for (let i = 1; i <= events.length; i++) {
      const state = upTo(i);
      const next = positionOf(state);
      if (!next) continue;
      const states = trackOf(state, next.iteration).map(one => one.state);
      expect(states.filter(one => one === 'now')).toHaveLength(1);
      expect(states).toEqual([...states].sort((a, b) => ['done', 'now', 'later'].indexOf(a) - ['done', 'now', 'later'].indexOf(b)));
    }
  });

  it('says how long it still takes once each kind of stage has been seen, and takes the live stage into account', () => {
    expect(secondsLeft(upTo(1))).toBeNull();
    const second = events.findIndex(event => event.type === 'debated' && event.iteration === 2 && event.purpose === 'train');
    const state = upTo(second);
    const left = secondsLeft(state);
    expect(left).not.toBeNull();
    expect(left).toBeGreaterThan(0);
    const half = foldLoop(state, { type: 'stage', iteration: 2, stage: 'debate', done: 1, total: 2, left: null });
    expect(secondsLeft(half)!).toBeCloseTo(left! - stageSeconds(state.iterations[1]!, 'debate')! / 2, 6);
    expect(secondsLeft(state, 4)!).toBeGreaterThan(left!);
    expect(secondsLeft(upTo(events.length))).toBeNull();
  });

  it('takes an evaluation as two parts: its turns, then the scoring of its answers', () => {
    const measured = (iteration: number) => events.findIndex(event => event.type === 'measured' && event.iteration === iteration);
    const seen = structuredClone(events);
    for (const event of seen) {
      if (event.type === 'debated') event.ms = 80_000;
      if (event.type === 'measured') event.ms = event.iteration === 0 ? 10_000 : 30_000;
    }
    const at = (count: number): LoopState => foldLoopAll(seen.slice(0, count));
    const stage = { type: 'stage', iteration: 1, stage: 'evaluate' } as const;
    const before = at(measured(1) - 1);
    const half = foldLoop(before, { ...stage, done: 6, total: 12, left: 40 });
    const scoring = foldLoop(at(measured(1)), { ...stage, part: 'score', done: 2, total: 8, left: 15 });
    const now = (state: LoopState) => trackOf(state, 1).find(one => one.state === 'now')!;
    expect(now(before)).toMatchObject({ stage: 'evaluate', share: 0, scoring: false });
    expect(now(half).share).toBeCloseTo(0.4, 12);
    // Also when nothing is under way, as after a reload: the turns are there.
    expect(now(at(measured(1)))).toMatchObject({ share: 0.8, scoring: true });
    expect(now(scoring)).toMatchObject({ scoring: true, done: 2, total: 8 });
    expect(now(scoring).share).toBeCloseTo(0.85, 12);
    // The rest of the turns, then scoring: two agents score what the base scored once.
    expect(secondsLeft(half, 1)).toBe(40 + 20);
    expect(secondsLeft(scoring, 1)).toBe(15);
    expect(secondsLeft(at(measured(1)), 1)).toBe(20);
  });

  it('says when the whole time will be known, until the first trainings have told it', () => {
    expect(unknownUntil(upTo(1))).toMatch(/first debate/);
    const trains = upTo(events.findIndex(({ type }) => type === 'collected') + 1);
    expect(unknownUntil(trains)).toMatch(/first trainings are under way/);
    const begun = foldLoop(trains, { type: 'stage', iteration: 1, stage: 'finetune', done: 10, total: 40, left: 30 });
    expect(unknownUntil(begun)).toBe('');
    // This one ends in 30 s, the next takes 40.
    expect(secondsLeft(begun)! - secondsLeft(begun, 1)!).toBeGreaterThan(40);
    expect(unknownUntil(upTo(events.length))).toBe('');
  });

  it('an iteration beyond those asked for widens the goal', () => {
    const state = upTo(events.length);
    expect(goalOf(state)).toBe(2);
    expect(positionOf(state, 3)).toEqual({ iteration: 3, stage: 'debate' });
    expect(shareDone(state, 3)).toBeLessThan(1);
  });
});

describe('what the view reads off a loop', () => {
  it('the axes reach what was measured, however low, and have room for all of it before it is drawn', () => {
    const low = { ...events.find(event => event.type === 'measured')!, iteration: 2 };
    low.measures = {
      ...low.measures,
      consensus: [
        { mean: 0.25, n: 8 },
        { mean: 0.25, n: 8 },
      ],
      uniqueAnswers: [
        { mean: 0.5, n: 8 },
        { mean: 3, n: 8 },
      ],
    };
    const whole = foldLoopAll(events.map(event => (event.type === 'measured' && event.iteration === 2 ? low : event)));
    const domains = Object.fromEntries(diversityCharts(upTo(3), whole).map(({ id, domain }) => [id, domain]));
    expect(domains).toMatchObject({ consensus: [0.25, 1], answers: [0.5, 3] });
  });

  it('one agent has no others to surprise, and a chart all the same', async () => {
    const disk = blankDisk();
    await sit({ disk }, loopConfigOf({ agents: 1, iterations: 1 }));
    const charts = diversityCharts(foldLoopAll(disk.events));
    expect(charts.find(({ id }) => id === 'nll')!.title).toMatch(/^1\.000 → 0\.500 \(own, n 2\)/);
  });

  it('a replay stops at what is worth seeing and ends where the loop does', () => {
    const stops = stopsOf(events);
    expect(stops.filter(({ measured }) => measured)).toHaveLength(3);
    expect(stops.at(-1)).toMatchObject({ events: events.length, words: 'finished' });
    expect(stops.some(({ words }) => words === 'generator A trained')).toBe(true);
  });

  it('every figure has words and numbers at every moment of a replay', () => {
    for (let i = 0; i <= events.length; i++) {
      const state = upTo(i);
      expect(accuracyTitle(state)).toMatch(/\.$/);
      expect(labelTitle(state)).toMatch(/\.$/);
      for (const { title, table } of diversityCharts(state))
        expect([title.includes('NaN'), table.rows.flat().some(cell => cell === 'NaN')]).toEqual([false, false]);
      expect(costRows(state)).toHaveLength(state.iterations.length);
      expect(
        sizeRows(state, set => set.role).every(({ first }) => first.map(({ agent }) => agent).join() === 'generator_1,generator_2'),
      ).toBe(true);
    }
  });

  it('an agent has its set, its losses and its weights in its row', () => {
    const rows = agentRows(upTo(events.length), 1, new Map());
    expect(rows.map(({ name }) => name)).toEqual(['generator_1', 'generator_2', 'critic_1', 'critic_2']);
    for (const { set, ended, losses, adopted } of rows) {
      expect(set).not.toBeNull();
      if (ended?.outcome === 'succeeded') expect([losses, adopted?.probe?.passed]).toEqual([[2, 1], true]);
      else expect(adopted).toBeNull();
    }
    expect(agentRows(upTo(events.length), 0, new Map())).toEqual([]);
    expect(lossEnds([4, 3, 2, 1, 1, 1, 1, 1])).toEqual({ from: 3.5, to: 1 });
    expect(lossEnds([])).toBeNull();
  });

  it('a training too short to change anything is named as long as it is not over', () => {
    const before = upTo(events.findIndex(({ type }) => type === 'collected') + 1);
    const [first] = before.iterations[1]!.collected!.sets.filter(({ skipped, role }) => skipped === null && role === 'critic');
    expect(scarceWords(before, 1)).toContain(`critic ${'AB'[first!.agent]} ${plannedUpdates(before.start!.config, first!)}`);
    expect(scarceWords(before, 1)).not.toContain('generator');
    expect(scarceWords(upTo(events.length), 1)).toBeNull();
    expect(scarceWords(before, 0)).toBeNull();
  });

  it('says in its one line that rows were chosen in another way than the paper’s', () => {
    const { config } = upTo(1).start!;
    expect(loopConfigLine(config)).not.toContain('paper');
    const other = { ...config, datasets: { ...config.datasets, selection: { by: 'truth' as const } } };
    expect(loopConfigLine(other)).toMatch(/ · training rows: chosen by the right answer .*: not the paper’s$/);
  });

  it.each([
    { from: 1, to: { share: 0.5, low: 0.1 }, says: /\(−50\.0 points\).*Training did not help the debate\.$/ },
    { from: 0.91, to: { share: 0.935, low: 0.89 }, says: /\(\+2\.5 points\).*So small a gain of the debate may be chance\.$/ },
    { from: 0.5, to: { share: 0.9, low: 0.8 }, says: /\(\+40\.0 points\); one generator changes by [^.]*\.\d points\.$/ },
  ])('says plainly whether training helped: $from to $to.share', ({ from, to, says }) => {
    const measured = events.filter(event => event.type === 'measured');
    const changed = structuredClone(measured);
    changed[0]!.measures.debate = { ...changed[0]!.measures.debate, share: from };
    changed.at(-1)!.measures.debate = { ...changed.at(-1)!.measures.debate, ...to };
    const state = foldLoopAll([
      events[0]!,
      ...events.slice(1).map(event => (event.type === 'measured' ? changed[measured.indexOf(event)]! : event)),
    ]);
    expect(accuracyTitle(state)).toMatch(says);
  });
});
