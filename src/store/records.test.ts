import { describe, expect, test } from 'vitest';
import { fixtureRun } from '../../test/fixtures/run';
import type { RunEvent } from '../debate/events';
import { foldAll } from '../debate/fold';
import schema1 from './fixtures/schema-1.json';
import { StoreError } from './errors';
import { Journal, type Save } from './journal';
import { journalRecord, runKind, type JournalHeader, type Kind } from './kind';
import { migrate, readEvent, readHeader, type Migrations } from './migrate';
import { StoredReader, type Stored } from './read';
import { advance, headerOf, onceKey, type RunHeader } from './records';

const { events } = fixtureRun();
const start = events[0]!;
if (start.type !== 'run-started') throw new Error('a run begins with its start');
const whole = () => structuredClone(schema1) as { header: Record<string, unknown>; events: Record<string, unknown>[] };
/** In pages of two, as a long journal comes. */
function readStored<E extends { type: string }, H extends JournalHeader>(
  kind: Kind<E, H>,
  { header, events }: { header: unknown; events: unknown[] },
): Stored<E, H> {
  const reader = new StoredReader(kind);
  reader.header(header);
  for (let at = 0; at < events.length; at += 2) reader.page(events.slice(at, at + 2));
  return reader.end();
}
const codeOf = (work: () => unknown): string => {
  try {
    work();
    return 'ok';
  } catch (error) {
    return error instanceof StoreError ? error.code : String(error);
  }
};

describe('headers', () => {
  test('count what the fold counts, at every length of the journal', () => {
    let header = headerOf(start);
    for (let n = 1; n <= events.length; n++) {
      const state = foldAll(events.slice(0, n));
      if (n > 1) header = advance(header, events[n - 1]!);
      const questions = [...state.questions.values()];
      expect(header).toMatchObject({
        events: n,
        turns: state.ledger.calls - state.ledger.failed,
        failed: state.ledger.failed,
        newTokens: state.ledger.newTokens,
        questions: questions.length,
        done: questions.filter(({ vote }) => vote).length,
        finished: state.finished,
      });
    }
  });

  test('tell the device in use after a fall-back', () => {
    const engine = { ...start.engine, device: 'wasm' as const, dtype: 'q4' };
    const after = advance(headerOf(start), { type: 'note', at: start.at, note: 'fell-back', text: 'no adapter', engine });
    expect(after.model).toMatchObject({ device: 'wasm', dtype: 'q4', id: start.engine.base.id });
  });
});

describe('records of schema 1, as the first release wrote them', () => {
  test('read as they were meant', () => {
    const { header, events, readOnly } = readStored(runKind, whole());
    expect(readOnly).toBe(false);
    expect(header).toMatchObject({ run: 'fixture', turns: 2, done: 1, events: 5, agents: 1, rounds: 2 });
    expect(events.map(onceKey)).toMatchInlineSnapshot(`
      [
        "run-started",
        "turn arithmetic:7+3*8+2-4*5/1.0.generator",
        "turn arithmetic:7+3*8+2-4*5/2.0.critic",
        "decided arithmetic:7+3*8+2-4*5 2",
        "run-finished",
      ]
    `);
  });

  test('are what this release writes', () => {
    const { header, events } = readStored(runKind, whole());
    expect(events.map((event, seq) => journalRecord(runKind, header.run, seq, event))).toEqual(schema1.events);
  });

  test('that are damaged are not shown as a run', () => {
    const broken: [string, (stored: ReturnType<typeof whole>) => void][] = [
      ['an event is missing', stored => void stored.events.splice(2, 1)],
      ['the last event is missing', stored => void stored.events.pop()],
      ['an event is no event', stored => void (stored.events[1]!.event = { type: 'sang' })],
      ['a count is no number', stored => void (stored.header.turns = 'two')],
      ['there is no schema', stored => void delete stored.header.schema],
    ];
    for (const [what, damage] of broken) {
      const stored = whole();
      damage(stored);
      expect([what, codeOf(() => readStored(runKind, stored))]).toEqual([what, 'damaged']);
    }
  });

  test('of a later schema open read-only when nothing they hold is new, and not at all otherwise', () => {
    const later = whole();
    later.header.schema = 2;
    expect(readStored(runKind, later)).toMatchObject({ readOnly: true });
    later.events[1]!.event = { type: 'sang' };
    expect(codeOf(() => readStored(runKind, later))).toBe('read-only');
    expect(codeOf(() => readHeader(later.header))).toBe('read-only');
    expect(codeOf(() => readEvent({ ...later.events[0], schema: 2 }))).toBe('read-only');
  });
});

test('a token of no probability does not make a run unreadable', () => {
  const stored = structuredClone(events[1]!);
  if (stored.type !== 'turn') throw new Error('the fixture begins with a turn');
  stored.turn.logprobs = [-0.5, -Infinity, NaN];
  const read = readEvent(journalRecord(runKind, 'r', 1, stored));
  expect(read).toMatchObject({ turn: { logprobs: [-0.5, -1000, -1000] } });
  expect(readEvent(journalRecord(runKind, 'r', 1, JSON.parse(JSON.stringify(stored)) as typeof stored))).toEqual(read);
});

test('migrations run one after the other, on a copy, and only up to what is asked', () => {
  const steps: Migrations = {
    1: record => ({ ...record, colour: 'red' }),
    2: ({ colour, ...record }) => ({ ...record, colours: [colour] }),
  };
  const stored = Object.freeze({ schema: 1, run: 'x' });
  expect(migrate(stored, steps, 3)).toEqual({ schema: 3, run: 'x', colours: ['red'] });
  expect(migrate(stored, steps, 2)).toEqual({ schema: 2, run: 'x', colour: 'red' });
  expect(codeOf(() => migrate({ schema: 0 }, steps, 3))).toBe('damaged');
  expect(codeOf(() => migrate({ schema: 4 }, steps, 3))).toBe('read-only');
});

describe('the tail of a journal', () => {
  const header: RunHeader = headerOf(start);
  const turn = events[1]!;
  const note = (text: string) => ({ type: 'note', at: start.at, note: 'paused', text }) as const;

  test('writes what piled up in one go, in order', async () => {
    const writes: number[] = [];
    const save: Save<RunEvent, RunHeader> = async (_, saved, batch) => {
      writes.push(batch.length);
      expect(saved).toBe(1 + writes.slice(0, -1).reduce((a, b) => a + b, 0));
      await new Promise(done => setTimeout(done));
      return true;
    };
    const journal = new Journal(runKind, header, 1, save);
    const receipts = await Promise.all(['a', 'b', 'c', 'd'].map(text => journal.append(note(text))));
    expect(receipts.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    expect(writes).toEqual([1, 3]);
  });

  test('keeps everything in order while the disk refuses, and hands it over when it does not', async () => {
    let full = true;
    const disk: string[] = [];
    const journal = new Journal(runKind, header, 1, (_, __, batch) => {
      if (!full) disk.push(...batch.map(event => (event.type === 'note' ? event.text : event.type)));
      return Promise.resolve(!full);
    });
    expect((await journal.append(note('a'))).durable).toBe(false);
    expect((await journal.append(turn)).durable).toBe(false);
    await expect(journal.append(turn)).rejects.toMatchObject({ code: 'duplicate' });
    expect(journal.unsaved).toHaveLength(2);
    full = false;
    expect(await journal.append(note('b'))).toEqual({ seq: 3, durable: true });
    expect(disk).toEqual(['a', 'turn', 'b']);
    expect(journal).toMatchObject({ saved: 4, unsaved: [] });
  });

  test('refuses everything once another tab took the run over', async () => {
    const journal = new Journal(runKind, header, 1, () => Promise.resolve(true));
    await journal.append(note('a'));
    journal.revoke(new StoreError('busy', 'taken'));
    await expect(journal.append(note('b'))).rejects.toMatchObject({ code: 'busy' });
  });
});
