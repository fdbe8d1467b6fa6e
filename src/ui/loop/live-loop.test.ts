import { describe, expect, it } from 'vitest';
import { foldLoopAll } from '../../experiment/fold';
import { blankDisk, loopConfigOf, portsOf, startOf, type World } from '../../experiment/loop.fixture';
import { runLoop } from '../../experiment/loop';
import type { LoopEvent } from '../../experiment/records';
import { StoreError } from '../../store/errors';
import { ByHand } from './by-hand.svelte';
import { LiveLoop, type LiveLoopDeps } from './live-loop.svelte';

interface Bench {
  world: World;
  journal: LoopEvent[];
  said: string[];
  claims: string[];
  deps: LiveLoopDeps;
}

function bench(change: Partial<LiveLoopDeps> = {}): Bench {
  const world: World = { disk: blankDisk() };
  const journal: LoopEvent[] = [];
  const said: string[] = [];
  const claims: string[] = [];
  const deps: LiveLoopDeps = {
    run: runLoop,
    byHand: new ByHand(() => Promise.reject(new Error('not in this test'))),
    ports: hooks => ({ ...portsOf(world), ...hooks }),
    create: async start => void journal.push(start),
    append: async (_, event) => void journal.push(structuredClone(event)),
    claim: async () => {
      claims.push('claim');
      return [];
    },
    release: async () => void claims.push('release'),
    useAnyway: async ids => void claims.push(...ids),
    cancelJobs: async () => undefined,
    date: () => '2026-11-21T00:00:00.000Z',
    announce: text => void said.push(text),
    schedule: flush => setTimeout(flush),
    ...change,
  };
  return { world, journal, said, claims, deps };
}

const config = loopConfigOf();
const facts = (journal: readonly LoopEvent[]): string[] => journal.filter(({ type }) => type !== 'note').map(({ type }) => type);
const measured = (journal: readonly LoopEvent[]): number => journal.filter(({ type }) => type === 'measured').length;

describe('a loop of this tab', () => {
  it('runs to its end; the screen holds what the journal holds', async () => {
    const { deps, journal, said } = bench();
    const live = new LiveLoop({ start: startOf(config) }, deps);
    await live.go();
    expect([live.phase, live.fault, measured(journal)]).toEqual(['finished', null, 3]);
    expect(live.state).toEqual(foldLoopAll(journal));
    expect(said).toContainEqual(expect.stringMatching(/^Iteration 2: the debate is right in \d of 2\.$/));
    expect(live.watched.size).toBe(4);
  });

  it('pauses at any moment, and another visit goes on from the journal with nothing twice', async () => {
    const whole = bench();
    await new LiveLoop({ start: startOf(config) }, whole.deps).go();
    for (const at of [2, 5, 9, 14]) {
      const { deps, journal, claims } = bench();
      let live = new LiveLoop({ start: startOf(config) }, deps);
      const append = deps.append;
      deps.append = async (loop, event) => {
        await append(loop, event);
        const here = event.type !== 'note' && facts(journal).length === at;
        // Somebody presses the button again while it is stopping already.
        if (here || (event.type === 'note' && event.note === 'paused')) void live.pause();
      };
      await live.go();
      expect([at, live.phase]).toEqual([at, 'paused']);
      expect(journal.at(-1)).toMatchObject({ type: 'note', note: 'paused' });
      expect(claims.at(-1)).toBe('release');
      live = new LiveLoop({ events: [...journal] }, deps);
      expect(live.phase).toBe('paused');
      await live.go();
      expect([at, live.phase]).toEqual([at, 'finished']);
      expect(facts(journal).sort()).toEqual(facts(whole.journal).sort());
      expect(claims.filter(one => one === 'claim')).toHaveLength(1);
    }
  });

  it('says that it is paused once that is on disk, so that a reload finds it so', async () => {
    const { deps } = bench();
    const live = new LiveLoop({ start: startOf(config) }, deps);
    const { append } = deps;
    const phases: string[] = [];
    deps.append = async (loop, event) => {
      await append(loop, event);
      if (event.type === 'note') phases.push(live.phase);
      else void live.pause();
    };
    await live.go();
    expect([phases, live.phase]).toEqual([['pausing'], 'paused']);
  });

  it('says it again when a training that was being ordered tells of itself late', async () => {
    const { deps, journal } = bench();
    const live = new LiveLoop({ start: startOf(config) }, deps);
    const { append, ports } = deps;
    let late: Parameters<typeof ports>[0]['append'] | undefined;
    deps.ports = hooks => ports({ ...hooks, append: (late = hooks.append) });
    deps.append = async (loop, event) => {
      await append(loop, event);
      if (event.type !== 'note') void live.pause();
    };
    await live.go();
    deps.append = append;
    await late!({ type: 'job-created', iteration: 1, agent: 'critic_1', job: 'late', at: '' });
    expect(journal.slice(-3)).toMatchObject([{ note: 'paused' }, { job: 'late' }, { note: 'paused' }]);
  });

  it('goes on from what another tab has written meanwhile, and does nothing of it again', async () => {
    const whole = bench();
    await new LiveLoop({ start: startOf(config) }, whole.deps).go();
    const all = whole.journal.length;
    for (const [known, now] of [
      [4, 12],
      [4, all],
    ] as const) {
      const asked: unknown[] = [];
      const { deps, journal, world, claims } = bench({
        claim: async (...how) => {
          asked.push(how);
          return whole.journal.slice(known, now);
        },
      });
      world.disk = whole.world.disk;
      const live = new LiveLoop({ events: whole.journal.slice(0, known) }, deps);
      live.overtake(now);
      expect(live.overtaken).toBe(true);
      await live.go();
      expect([asked, live.phase, live.overtaken]).toEqual([[[live.id, known, false]], 'finished', false]);
      expect(facts(journal)).toEqual(facts(whole.journal.slice(now)));
      expect(live.state.finished).not.toBeNull();
      // Whoever has nothing left to write keeps nobody from writing.
      expect(claims).toEqual(['release']);
    }
  });

  it('stops at once when another tab takes it, writes nothing more, and is not the one to go on with', async () => {
    const { deps, journal, claims, said } = bench();
    const live = new LiveLoop({ start: startOf(config) }, deps);
    const { append } = deps;
    let taken = false;
    deps.append = async (loop, event) => {
      if (taken) throw new StoreError('busy', 'Another tab took this loop over.');
      await append(loop, event);
      if (event.type !== 'collected') return;
      taken = true;
      live.lose();
    };
    await live.go();
    expect([live.phase, live.fault, live.lost, live.overtaken]).toEqual(['paused', null, true, true]);
    expect(journal.at(-1)).toMatchObject({ type: 'collected' });
    expect(claims).toEqual([]);
    expect(said.at(-1)).toBe('Another tab took this loop over.');
  });

  it('takes itself from another tab only when told to, with its debates', async () => {
    const asked: unknown[] = [];
    const { deps } = bench({
      claim: async (...how) => {
        asked.push(how);
        return [];
      },
    });
    const whole = bench();
    await new LiveLoop({ start: startOf(config) }, whole.deps).go();
    const { ports } = deps;
    deps.ports = hooks => {
      asked.push(hooks.steal);
      return ports(hooks);
    };
    const live = new LiveLoop({ events: whole.journal.slice(0, 3) }, deps);
    await live.go({ steal: true });
    await live.go();
    expect(asked).toEqual([true, [live.id, 3, true], false, [live.id, expect.any(Number), false]]);
  });

  it('keeps to the goal that another tab gave it', async () => {
    const whole = bench();
    const first = new LiveLoop({ start: startOf(config) }, whole.deps);
    first.setGoal(4);
    await first.go();
    const begun = whole.journal.findIndex(event => event.type === 'debated' && event.iteration === 4) + 1;
    const { deps, world, journal } = bench({ claim: async () => whole.journal.slice(3, begun) });
    world.disk = whole.world.disk;
    const live = new LiveLoop({ events: whole.journal.slice(0, 3) }, deps);
    await live.go();
    expect([live.phase, live.goal]).toEqual(['finished', 4]);
    expect(facts(journal)).toEqual(facts(whole.journal.slice(begun)));
  });

  it('takes late news of what it knows already for nothing', async () => {
    const { deps, journal } = bench();
    const live = new LiveLoop({ start: startOf(config) }, deps);
    await live.go();
    live.overtake(journal.length);
    expect(live.overtaken).toBe(false);
    live.overtake(journal.length + 1);
    expect(live.overtaken).toBe(true);
  });

  it('stops after the iteration that is under way, and goes on when asked', async () => {
    const { deps, journal } = bench();
    const live = new LiveLoop({ start: startOf(config) }, deps);
    const going = live.go();
    live.toggleStopping();
    await going;
    expect([live.phase, measured(journal)]).toEqual(['paused', 1]);
    expect(journal.at(-1)).toMatchObject({ text: 'Stopped after the iteration, as asked.' });
    await live.go();
    expect([live.phase, measured(journal)]).toEqual(['finished', 3]);
  });

  it('does one more iteration after the end, or goes on until it is stopped', async () => {
    const { deps, journal } = bench();
    const live = new LiveLoop({ start: startOf(config) }, deps);
    await live.go();
    live.setGoal(3);
    expect(live.phase).toBe('paused');
    await live.go();
    expect([live.phase, measured(journal), live.state.finished !== null]).toEqual(['finished', 4, true]);
    live.setGoal(null);
    const append = deps.append;
    deps.append = async (loop, event) => {
      await append(loop, event);
      if (event.type === 'measured' && event.iteration === 5) live.toggleStopping();
    };
    await live.go();
    expect([live.phase, measured(journal)]).toEqual(['paused', 6]);
  });

  it('stands still with the reason when a training fails, and goes on without it when told to', async () => {
    const { deps, journal, world } = bench();
    world.fails = key => (key.includes('/1/generator_1') ? 'out of memory' : null);
    const live = new LiveLoop({ start: startOf(config) }, deps);
    await live.go();
    expect([live.phase, live.haltedAt]).toEqual(['failed', 'finetune']);
    expect(live.fault?.message).toMatch(/generator_1: out of memory/);
    await live.go({ onFailure: 'keep' });
    expect([live.phase, measured(journal)]).toEqual(['finished', 3]);
  });

  it('stops at weights of another base, and uses them when told to, which its journal says', async () => {
    const { deps, journal, claims, world } = bench();
    const other = {
      deviation: 0,
      bound: 0,
      passed: false,
      reason: 'It says that it was trained on X; Y is loaded here.',
      otherBase: true as const,
    };
    world.probe = id => (id.endsWith('it1/critic_1') && !claims.includes(id) ? other : null);
    const live = new LiveLoop({ start: startOf(config) }, deps);
    await live.go();
    expect([live.phase, live.haltedAt, live.strangers]).toEqual(['failed', 'adopt', ['loop/it1/critic_1']]);
    expect(live.fault?.message).toBe(`weights are of another base (critic_1: ${other.reason})`);
    await live.useAnyway();
    expect([live.phase, live.strangers]).toEqual(['finished', []]);
    expect(journal).toContainEqual(
      expect.objectContaining({ note: 'warning', text: expect.stringMatching(/another base.*loop\/it1\/critic_1/) }),
    );
    expect(live.state.iterations[1]!.adopted.get('critic_1')!.probe).toBeNull();
  });
});
