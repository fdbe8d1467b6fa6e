// A loop over the real store: its debates are scripted, its endpoint answers at once, and everything it keeps goes through the record.
import { emptyRun, foldAll } from '../../../src/debate/fold';
import { runDebate } from '../../../src/debate/protocol';
import { scripted } from '../../../src/debate/scripted.fixture';
import { foldLoopAll } from '../../../src/experiment/fold';
import { runLoop } from '../../../src/experiment/loop';
import { agreeing, loopConfigOf, startOf } from '../../../src/experiment/loop.fixture';
import type { LoopPorts } from '../../../src/experiment/ports';
import type { JobMemo } from '../../../src/finetune/memo';
import { hash128 } from '../../../src/tasks/hash';
import type { RunStore } from '../../../src/store/store';

export interface LoopPlan {
  loop: string;
  iterations: number;
  /** Milliseconds of a turn and of a training. */
  pace: number;
}

const at = '2026-11-21T07:00:00.000Z';
const rest = (ms: number) => new Promise(done => setTimeout(done, ms));

export const loopStart = ({ loop, iterations }: LoopPlan) => ({
  ...startOf(loopConfigOf({ iterations })),
  loop,
  title: `Scripted ${loop}`,
});

export const memoOf = (key: string): JobMemo => ({
  schema: 1,
  key,
  origin: 'https://tune.example',
  file: null,
  validation: null,
  job: 'ftjob-1',
  status: 'running',
});

/** Weights as a function of what was ordered, so that a training done again gives the same. */
const filesOf = (key: string) => {
  const weights = new Uint8Array(64).map((_, i) => parseInt(hash128(key).slice((2 * i) % 32, ((2 * i) % 32) + 2), 16));
  return { 'adapter_config.json': new TextEncoder().encode('{}'), 'adapter_model.safetensors': weights };
};

function portsOf(store: RunStore, plan: LoopPlan, known: boolean, stored: (events: number) => void): LoopPorts {
  let begun = known;
  return {
    async append(event) {
      const { seq, durable } =
        event.type === 'loop-started' && !begun ? await store.createLoop(event) : await store.appendLoop(plan.loop, event);
      begun = true;
      if (!durable) throw new Error('an event was not durable');
      stored(seq + 1);
    },
    emit: () => undefined,
    now: () => at,
    clock: () => 0,
    async debate({ run, title, config, questions }, onTurns, signal) {
      const there = (await store.listRuns({ loop: plan.loop })).some(listed => listed.run === run);
      const { engine } = startOf();
      let turns = 0;
      return runDebate({
        start: { type: 'run-started', schema: 1, run, at, title, app: 'test', config, engine, questions: [...questions] },
        state: there ? foldAll((await store.readRun(run)).events) : emptyRun,
        async generate(rows, on, stop) {
          await rest(plan.pace);
          await scripted(agreeing)(rows, on, stop);
        },
        append: async event =>
          void (event.type === 'run-started' ? await store.createRun(event, plan.loop) : await store.append(run, event)),
        emit: event => event.type === 'turn' && onTurns(++turns, 100),
        now: () => at,
        width: 4,
        signal,
      });
    },
    keepSets: async sets => void (await store.sets.save(sets, plan.loop)),
    readSet: sha256 => store.sets.read(sha256),
    async finetune(order, on) {
      const known = await store.memos.read(order.key);
      const job = known?.job ?? `ftjob-${hash128(order.key).slice(0, 8)}`;
      await store.memos.write({ ...memoOf(order.key), job });
      on({ type: 'created', job });
      await rest(plan.pace);
      const files = filesOf(order.key);
      return { job, model: `ft:${job}`, files, steps: [], validation: [], trainedTokens: 1, trainedParameters: 1, warnings: [] };
    },
    async keepAdapter(id, tuned, facts) {
      return (await store.adapters.save({ id, ...facts, base: 'scripted', at }, tuned.files)).sha256;
    },
    async adopt(adapters) {
      for (const id of adapters) await store.adapters.read(id);
      return new Map(adapters.map(id => [id, { deviation: 0, bound: 1e-3, passed: true, reason: null }]));
    },
    score: async rows => rows.map(() => [-1]),
  };
}

/** Starts the loop or goes on with it from the record, as the product does; waits for the locks of a page that has just died. */
export async function loopOn(store: RunStore, plan: LoopPlan, stored: (events: number) => void = () => undefined): Promise<void> {
  const known = (await store.listLoops()).some(({ loop }) => loop === plan.loop);
  const free = async (claim: () => Promise<void>): Promise<void> => {
    for (let wait = 0; wait < 400; wait++) {
      try {
        return await claim();
      } catch (error) {
        if ((error as { code?: string }).code !== 'busy') throw error;
        await rest(25);
      }
    }
    throw new Error('a dead page still holds the loop');
  };
  if (known) await free(() => store.claimLoop(plan.loop));
  for (const { run } of known ? await store.listRuns({ loop: plan.loop }) : []) await free(() => store.claim(run));
  await runLoop({
    start: loopStart(plan),
    state: foldLoopAll(known ? (await store.readLoop(plan.loop)).events : []),
    ports: portsOf(store, plan, known, stored),
    signal: new AbortController().signal,
  });
}
