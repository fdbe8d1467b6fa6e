import { describe, expect, it } from 'vitest';
import { configOf, noisy, scripted, startOf } from '../../debate/scripted.fixture';
import type { EngineInfo, RunEvent } from '../../debate/events';
import { foldAll } from '../../debate/fold';
import type { Generate } from '../../debate/generate';
import { allTurns } from '../../debate/schedule';
import { drive } from './drive';
import { LiveRun, type LiveDeps } from './live-run.svelte';

const config = configOf({ agents: 3, rounds: 2 });
const planned = startOf(config, 3);
const turns = allTurns(config).length * 3;

function setting(change: Partial<LiveDeps> = {}, generate: Generate = scripted(noisy)) {
  const journal: RunEvent[] = [];
  const released: string[] = [];
  let clock = 0;
  const deps: LiveDeps = {
    drive,
    engine: () => Promise.resolve({ info: planned.engine, generate }),
    create: start => Promise.resolve(void journal.push(start)),
    append: (_, event) => Promise.resolve(void journal.push(event)),
    claim: () => Promise.resolve([]),
    release: run => Promise.resolve(void released.push(run)),
    date: () => '2026-11-21T00:00:01.000Z',
    now: () => (clock += 100),
    schedule: flush => queueMicrotask(flush),
    ...change,
  };
  const fresh = (engine: EngineInfo, at: string) => ({ ...planned, engine, at });
  return { journal, released, deps, run: new LiveRun('test', { fresh }, turns, 3, deps) };
}

const facts = (events: readonly RunEvent[]) => events.filter(event => event.type === 'turn' || event.type === 'decided');
const byId = (events: readonly RunEvent[]) =>
  facts(events)
    .map(event => JSON.stringify(event))
    .sort();

describe('a live run', () => {
  it('ends finished, with the state that its journal folds to', async () => {
    const { run, journal } = setting();
    await run.go();
    expect([run.phase, run.fault, run.share]).toEqual(['finished', null, 1]);
    expect(run.state).toEqual(foldAll(journal));
    expect(run.file().events).toEqual(journal);
    expect(facts(journal)).toHaveLength(turns + 3);
  });

  it('says after a pause exactly what it would have said without one', async () => {
    const whole = setting();
    await whole.run.go();
    let spoken = 0;
    const cut = setting({}, async (rows, on, signal) =>
      scripted(noisy)(
        rows,
        update => {
          on(update);
          if (update.type === 'done' && ++spoken === 7) void cut.run.pause();
        },
        signal,
      ),
    );
    await cut.run.go();
    expect(cut.run.phase).toBe('paused');
    expect(cut.released).toEqual(['test']);
    expect(cut.run.state.questions.values().next().value?.partial.size).toBe(0);
    const stored = facts(cut.journal).length;
    expect(stored).toBeLessThan(turns);
    await cut.run.go();
    expect(cut.run.phase).toBe('finished');
    expect(byId(cut.journal)).toEqual(byId(whole.journal));
    expect(cut.journal.filter(event => event.type === 'note').map(event => event.note)).toEqual(['paused', 'resumed']);
  });

  it('goes on from stored events with another engine, and notes it', async () => {
    const whole = setting();
    await whole.run.go();
    const stored = whole.journal.slice(0, 9);
    const other = setting({ engine: () => Promise.resolve({ info: { ...planned.engine, device: 'wasm' }, generate: scripted(noisy) }) });
    const run = new LiveRun('test', { events: stored }, turns, 3, other.deps);
    await run.go();
    expect(run.phase).toBe('finished');
    expect(byId(run.file().events)).toEqual(byId(whole.journal));
    expect(other.journal[0]).toMatchObject({ type: 'note', note: 'resumed', engine: { device: 'wasm' } });
    expect(run.state.engine?.device).toBe('wasm');
  });

  it('goes on from what another tab has said meanwhile', async () => {
    const whole = setting();
    await whole.run.go();
    const [known, news] = [whole.journal.slice(0, 6), whole.journal.slice(6, 12)];
    const asked: unknown[] = [];
    const other = setting({ claim: (...how) => (asked.push(how), Promise.resolve(news)) });
    const run = new LiveRun('test', { events: known }, turns, 3, other.deps);
    run.overtake(99);
    await run.go(true);
    expect([asked, run.phase, run.overtaken]).toEqual([[['test', 6, true]], 'finished', false]);
    expect(byId(run.file().events)).toEqual(byId(whole.journal));
    expect(byId(other.journal)).toEqual(byId(whole.journal.slice(12)));
  });

  it('takes late news of what it knows already for nothing', async () => {
    const { run, journal } = setting();
    await run.go();
    run.overtake(journal.length);
    expect(run.overtaken).toBe(false);
    run.overtake(journal.length + 1);
    expect(run.overtaken).toBe(true);
  });

  it('puts every event into the journal before the screen has it', async () => {
    const seen: string[] = [];
    const { run, journal } = setting({
      append: async (_, event) => {
        await Promise.resolve();
        expect(run.file().events).not.toContain(event);
        if (event.type === 'turn') {
          expect([...run.state.questions.values()].some(question => question.turns.has(event.turn.id))).toBe(false);
          seen.push(event.turn.id);
        }
        journal.push(event);
      },
    });
    await run.go();
    expect(run.phase).toBe('finished');
    expect(seen).toHaveLength(turns);
  });

  it('stops with the reason when the engine gives up, keeps what was said and goes on later', async () => {
    let broken = true;
    const { run, journal } = setting({}, async (rows, on, signal) => {
      await scripted(noisy)(rows.slice(0, 2), on, signal);
      if (broken) throw Object.assign(new Error('The device is gone.'), { code: 'device-lost', hint: 'Reload.' });
      await scripted(noisy)(rows.slice(2), on, signal);
    });
    await run.go();
    expect(run.phase).toBe('failed');
    expect(run.fault).toMatchObject({ code: 'device-lost', message: 'The device is gone.', hint: 'Reload.' });
    expect(facts(journal).length).toBeGreaterThan(0);
    broken = false;
    await run.go();
    expect([run.phase, run.fault]).toEqual(['finished', null]);
    const ids = facts(journal).map(event => (event.type === 'turn' ? event.turn.id : ''));
    expect(new Set(ids.filter(Boolean)).size).toBe(turns);
  });

  it('notes when the engine comes back on another device, once', async () => {
    const { run, journal } = setting({}, async (rows, on, signal) => {
      await scripted(noisy)(rows, on, signal);
      await run.engineIs({ ...planned.engine, device: 'webgpu' }, 'the old one was lost');
    });
    await run.go();
    expect(run.phase).toBe('finished');
    expect(journal.filter(event => event.type === 'note')).toMatchObject([
      { note: 'fell-back', engine: { device: 'webgpu' }, text: expect.stringContaining(': the old one was lost') },
    ]);
    expect(run.state.engine?.device).toBe('webgpu');
  });

  it('refuses to go on with other weights, and keeps what is there', async () => {
    const whole = setting();
    await whole.run.go();
    const stored = whole.journal.slice(0, 9);
    const other = setting({
      engine: () => Promise.resolve({ info: { ...planned.engine, modelHash: 'other' }, generate: scripted(noisy) }),
    });
    const run = new LiveRun('test', { events: stored }, turns, 3, other.deps);
    await run.go();
    expect(run.phase).toBe('failed');
    expect(run.fault).toMatchObject({ code: 'bad-model', message: expect.stringContaining('other weights') });
    expect(run.fault?.hint).toContain('the very files');
    expect(facts(other.journal)).toEqual([]);
  });

  it('goes on with the weights that it fell back to', async () => {
    const whole = setting();
    await whole.run.go();
    const engine: EngineInfo = { ...planned.engine, modelHash: 'other', dtype: 'q8' };
    const note: RunEvent = { type: 'note', at: '2026-11-21T00:00:01.000Z', note: 'fell-back', text: 'q8 speaks.', engine };
    const other = setting({ engine: () => Promise.resolve({ info: engine, generate: scripted(noisy) }) });
    const run = new LiveRun('test', { events: [...whole.journal.slice(0, 9), note] }, turns, 3, other.deps);
    await run.go();
    expect([run.phase, run.fault]).toEqual(['finished', null]);
  });

  it('stops with the reason when a restart of the engine cannot be noted', async () => {
    const { run } = setting(
      {
        append: (_, event) =>
          event.type === 'note' && event.note === 'engine-restarted'
            ? Promise.reject(Object.assign(new Error('The disk is full.'), { code: 'quota', hint: 'Delete a run.' }))
            : Promise.resolve(),
      },
      async (rows, on, signal) => {
        await scripted(noisy)(rows.slice(0, 1), on, signal);
        void run.restarted(planned.engine, 'it died');
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
      },
    );
    await run.go();
    expect(run.phase).toBe('failed');
    expect(run.fault).toMatchObject({ message: 'The disk is full.', hint: 'Delete a run.' });
  });

  it('has begun nothing when loading is cancelled', async () => {
    const { run, journal } = setting({
      engine: signal => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
    });
    const going = run.go();
    await run.stop();
    await going;
    expect([run.phase, run.fault, journal.length]).toEqual(['stopped', null, 0]);
  });

  it('that is stopped says so in its record, asks nothing more, and can be taken up again', async () => {
    let spoken = 0;
    const cut = setting({}, async (rows, on, signal) =>
      scripted(noisy)(
        rows,
        update => {
          on(update);
          if (update.type === 'done' && ++spoken === 4) void cut.run.stop();
        },
        signal,
      ),
    );
    await cut.run.go();
    expect([cut.run.phase, cut.run.active]).toEqual(['stopped', false]);
    expect(cut.journal.at(-1)).toMatchObject({ type: 'note', note: 'paused', text: 'Stopped by hand.' });
    await cut.run.go();
    expect(cut.run.phase).toBe('finished');
  });

  it('stops when the journal refuses an event: nothing goes on that is not recorded', async () => {
    let left = 5;
    const { run } = setting({
      append: (_, event) => {
        if (event.type === 'turn' && left-- === 0)
          return Promise.reject(Object.assign(new Error('Another tab writes to this run.'), { code: 'busy' }));
        return Promise.resolve();
      },
    });
    await run.go();
    expect(run.phase).toBe('failed');
    expect(run.fault?.message).toContain('Another tab');
    expect(run.state.ledger.calls).toBe(5);
  });
});
