import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fixtureRun, randomScript } from '../../test/fixtures/run';
import type { LiveEvent, RunEvent, Turn } from './events';
import { emptyRun, fold, foldAll, type RunState } from './fold';

const { events } = fixtureRun(undefined, randomScript(3, 2, 13, 7));
const start = events[0] as Extract<RunEvent, { type: 'run-started' }>;

/** A run of as many questions as asked for, each said as in the fixture. */
function runOf(questions: number): RunEvent[] {
  const of = (i: number) => `q${i}`;
  const again = (event: RunEvent, i: number): RunEvent => {
    const text = JSON.stringify(event).replaceAll(start.questions[0]!.qid, of(i));
    return JSON.parse(text) as RunEvent;
  };
  const spoken = events.filter(({ type }) => type === 'turn' || type === 'decided');
  return [
    { ...start, questions: Array.from({ length: questions }, (_, i) => ({ ...start.questions[0]!, qid: of(i) })) },
    ...Array.from({ length: questions }, (_, i) => spoken.map(event => again(event, i))).flat(),
    events.at(-1)!,
  ];
}

/** Everything a live run may say, in any order, repeats included. */
const said = fc.array(
  fc.oneof(
    fc.constantFrom<LiveEvent>(...runOf(3).slice(1)),
    fc.constantFrom<LiveEvent>(
      ...runOf(3).flatMap((event): LiveEvent[] => {
        if (event.type !== 'turn') return [];
        const { id, qid, round, agent, role, text } = event.turn;
        return [
          { type: 'turn-started', id, qid, round, agent, role },
          { type: 'turn-text', id, text: text.slice(0, 9), newTokens: 3 },
          { type: 'turn-failed', id, qid, round, agent, role, error: { code: 'network', message: 'gone' } },
        ];
      }),
    ),
    fc.constant<LiveEvent>({ type: 'note', at: start.at, note: 'paused', text: 'x' }),
  ),
  { maxLength: 60 },
);

/** A deep copy that compares equal, maps included. */
const copyOf = (state: RunState): RunState => structuredClone(state);

describe('folding', () => {
  test('one by one, all at once, and in any cuts gives the same, and no earlier state moves', () => {
    const [first] = runOf(3);
    fc.assert(
      fc.property(said, fc.array(fc.nat(60), { maxLength: 4 }), (rest, cuts) => {
        const all = [first!, ...rest];
        let single = emptyRun;
        const states: RunState[] = [];
        const copies: RunState[] = [];
        for (const event of all) {
          single = fold(single, event);
          states.push(single);
          copies.push(copyOf(single));
        }
        expect(foldAll(all)).toEqual(single);
        let pieces = emptyRun;
        let from = 0;
        const seen: [RunState, RunState][] = [];
        for (const to of [...new Set(cuts), all.length].sort((a, b) => a - b)) {
          pieces = foldAll(all.slice(from, Math.max(from, to)), pieces);
          from = Math.max(from, Math.min(to, all.length));
          seen.push([pieces, copyOf(pieces)]);
        }
        expect(pieces).toEqual(single);
        for (const [state, copy] of seen) expect(state).toEqual(copy);
        expect(states).toEqual(copies);
      }),
      { numRuns: 60 },
    );
  });

  test('what an event does not touch stays the same object, and one that says nothing new leaves the state itself', () => {
    const all = runOf(3);
    const state = foldAll(all.slice(0, 4));
    const next = fold(state, all[4]!);
    expect(next.questions.get('q2')).toBe(state.questions.get('q2'));
    expect(next.start).toBe(state.start);
    expect(fold(next, all[4]!)).toBe(next);
    expect(fold(next, { type: 'turn-text', id: 'q1/9.9.critic', text: 'x', newTokens: 1 })).toBe(next);
  });

  test('takes work that grows with the run and not with its square', () => {
    const made = (questions: number): number => {
      let copied = 0;
      const counting = class<K, V> extends Map<K, V> {
        constructor(entries?: Iterable<readonly [K, V]> | null) {
          super(entries as Iterable<readonly [K, V]>);
          copied += this.size;
        }
      };
      const plain = globalThis.Map;
      globalThis.Map = counting as typeof Map;
      try {
        foldAll(runOf(questions));
      } finally {
        globalThis.Map = plain;
      }
      return copied;
    };
    // Entries written into new maps; copying the map of questions at each event would make it hundreds of times as many.
    expect(made(400)).toBeLessThanOrEqual(made(40) * 11);
  });

  test('refuses a second start and a question that the run does not hold', () => {
    const turn = (events.find(({ type }) => type === 'turn') as { turn: Turn }).turn;
    expect(() => foldAll([start, start])).toThrow(RangeError);
    expect(() => foldAll([start, { type: 'turn', turn: { ...turn, qid: 'nobody' } }])).toThrow(/does not hold/);
    expect(() => foldAll([start, { type: 'turn-text', id: 'nobody/1.0.generator', text: '', newTokens: 0 }])).toThrow(/does not hold/);
  });
});
