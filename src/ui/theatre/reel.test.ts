import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fixtureRun, randomScript, story } from '../../../test/fixtures/run';
import { emptyRun, fold, foldAll, type QuestionState, type RunState } from '../../debate/fold';
import type { RunConfig } from '../../debate/config';
import { answer } from '../../tasks/arithmetic/problem';
import { buildReel, frameAt, positionAt, roundStop, stageAt, turnStop, type Reel } from './reel';

function recording(agents = 3, rounds = 2, seed?: number): { whole: QuestionState; config: RunConfig; reel: Reel } {
  const script = seed === undefined ? story.script : randomScript(agents, rounds, answer(story.problem), seed);
  const state = foldAll(fixtureRun(story.problem, script).events);
  const whole = [...state.questions.values()][0]!;
  return { whole, config: state.start!.config, reel: buildReel(whole, state.start!.config) };
}

describe('the reel', () => {
  it('ends on the recorded state and begins before the first word', () => {
    const { whole, reel } = recording();
    const end = frameAt(reel, whole, reel.duration);
    expect(new Set(end.turns.keys())).toEqual(new Set(whole.turns.keys()));
    expect(end.partial.size).toBe(0);
    expect(end.vote).toBe(whole.vote);
    const start = frameAt(reel, whole, 0);
    expect([start.turns.size, start.vote]).toEqual([0, null]);
    expect([...start.partial.values()].every(({ text }) => text === '')).toBe(true);
  });

  it('shows at any moment what the one fold makes of the same events', () => {
    const { whole, config, reel } = recording();
    const file = fixtureRun();
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), share => {
        const t = share * reel.duration;
        const frame = frameAt(reel, whole, t);
        let state: RunState = fold(emptyRun, file.events[0]!);
        for (const entry of [...reel.spoken].sort((a, b) => a.from - b.from)) {
          if (t < entry.from) continue;
          const { id, round, agent, role } = entry;
          state = fold(state, { type: 'turn-started', id, qid: whole.question.qid, round, agent, role });
          const partial = frame.partial.get(id);
          if (partial) state = fold(state, { type: 'turn-text', id, text: partial.text, newTokens: partial.newTokens });
          if (t >= entry.to) state = fold(state, { type: 'turn', turn: entry.turn! });
        }
        if (t >= reel.decided) state = fold(state, { type: 'decided', vote: whole.vote! });
        const folded = [...state.questions.values()][0]!;
        expect([...frame.turns.keys()].sort()).toEqual([...folded.turns.keys()].sort());
        expect([...frame.partial].sort(([a], [b]) => (a < b ? -1 : 1))).toMatchObject(
          [...folded.partial]
            .map(([id, p]) => [id, { id: p.id, text: p.text, newTokens: p.newTokens }])
            .sort(([a], [b]) => (a! < b! ? -1 : 1)),
        );
        expect(frame.vote).toBe(folded.vote);
        expect(positionAt(reel, config, t).turns).toBe(6);
      }),
      { numRuns: 60 },
    );
  });

  it('cuts streamed text only at token ends', () => {
    const { whole, reel } = recording();
    for (let t = 0; t < reel.duration; t += 37)
      for (const { id, text, newTokens } of frameAt(reel, whole, t).partial.values()) {
        const turn = whole.turns.get(id)!;
        expect(text).toBe(newTokens ? turn.text.slice(0, turn.ends[newTokens - 1]) : '');
      }
  });

  it('lets nobody speak before what it reads has been said', () => {
    const { whole, reel } = recording(5, 4, 7);
    const at = new Map(reel.spoken.map(entry => [entry.id, entry]));
    for (const entry of reel.spoken)
      for (const id of [
        ...whole.turns.get(entry.id)!.prompt.own,
        ...whole.turns.get(entry.id)!.prompt.peers,
        whole.turns.get(entry.id)!.prompt.summary,
      ])
        if (id !== null) expect(at.get(id)!.to).toBeLessThanOrEqual(entry.from);
  });

  it.each([
    [1, 1],
    [1, 5],
    [8, 1],
    [8, 5],
  ])('handles %i agents and %i rounds', (agents, rounds) => {
    const { reel, config } = recording(agents, rounds, 3);
    expect(reel.stops.filter(stop => stop.agent !== null)).toHaveLength(agents * rounds);
    expect(positionAt(reel, config, reel.duration)).toEqual({
      round: rounds,
      rounds,
      turn: agents * rounds,
      turns: agents * rounds,
      stage: 'vote',
    });
  });

  it('shows a text whole, and as late, when a link left out where its tokens end', () => {
    const { whole, config, reel } = recording();
    const bare: QuestionState = {
      ...whole,
      turns: new Map([...whole.turns].map(([id, turn]) => [id, { ...turn, ends: [], logprobs: [] }])),
    };
    const other = buildReel(bare, config);
    expect(other.stops).toEqual(reel.stops);
    for (let t = 0; t < other.duration; t += 211) for (const { text } of frameAt(other, bare, t).partial.values()) expect(text).toBe('');
  });

  it('plays what there is of a run that was cut off', () => {
    const { whole, config } = recording();
    const cut: QuestionState = { ...whole, turns: new Map([...whole.turns].slice(0, 4)), vote: null };
    const reel = buildReel(cut, config);
    expect(reel.decided).toBe(Infinity);
    expect(frameAt(reel, cut, reel.duration).turns.size).toBe(4);
  });
});

describe('stepping', () => {
  it('visits every answer forward and back again, and the vote last', () => {
    const { reel } = recording();
    const forward: number[] = [];
    for (let t = 0; t < reel.duration;) forward.push((t = turnStop(reel, t, 1)));
    expect(forward.at(-1)).toBe(reel.decided);
    const back: number[] = [];
    for (let t = reel.duration; t > 0;) back.push((t = turnStop(reel, t, -1)));
    expect(back).toEqual([...forward.slice(0, -1).reverse(), 0]);
  });

  it('can follow one agent', () => {
    const { reel } = recording();
    const first = turnStop(reel, 0, 1, 1);
    expect(reel.stops.find(stop => stop.at === first)?.agent).toBe(1);
    const second = turnStop(reel, first, 1, 1);
    expect(reel.stops.find(stop => stop.at === second)).toMatchObject({ agent: 1, round: 2 });
  });

  it('goes to the end of each round; the last one ends with the vote', () => {
    const { reel, whole } = recording();
    const first = roundStop(reel, 0, 1);
    expect(frameAt(reel, whole, first).turns.size).toBe(3);
    expect(roundStop(reel, first, 1)).toBe(reel.decided);
    expect(roundStop(reel, reel.duration, -1)).toBe(first);
    expect(roundStop(reel, first, -1)).toBe(0);
  });

  it('names the stages in their order', () => {
    const { reel } = recording();
    const seen: string[] = [];
    for (let t = 0; t <= reel.duration; t += 10) if (seen.at(-1) !== stageAt(reel, t)) seen.push(stageAt(reel, t));
    expect(seen.slice(0, 3)).toEqual(['prompt built', 'writing', 'answers read']);
    expect(stageAt(reel, reel.duration)).toBe('vote');
  });
});
