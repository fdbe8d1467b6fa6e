// One set, one training: ordered once, tried before it is kept, and gone on with after the page was left.
import { describe, expect, it } from 'vitest';
import { excludeRows } from '../../datasets/edit';
import { blankDisk, loopConfigOf, portsOf, startOf } from '../../experiment/loop.fixture';
import { emptyLoop } from '../../experiment/fold';
import { runLoop } from '../../experiment/loop';
import type { TrainingSet } from '../../datasets/records';
import type { ModelRef } from '../../debate/config';
import { presetById } from '../../experiment/presets';
import type { TrainSettings, Tuned, TuneOrder } from '../../datasets/order';
import type { Trial } from '../../models/try-out';
import type { AdapterFacts } from '../../store/adapter-records';
import { isSetTraining, orderOfSet, rowsOfSet, setTrainingId } from './set-order';
import { adapterOf, SetTrainer, type SetTrainerDeps } from './set-trainer.svelte';

const base = { kind: 'hub', id: 'lab/Model 1.5B' } as const;

/** A set as a loop makes it. */
async function aSet(): Promise<TrainingSet> {
  const disk = blankDisk();
  const config = { ...loopConfigOf(), iterations: 1 };
  await runLoop({ start: startOf(config), state: emptyLoop, ports: portsOf({ disk }), signal: new AbortController().signal });
  return [...disk.sets.values()].find(({ rows }) => rows.length > 1)!;
}

/** With the gentle settings, and what differs. */
const orderOf = (set: TrainingSet, on: ModelRef = base, change: Partial<TrainSettings> = {}): TuneOrder =>
  orderOfSet(set.header, rowsOfSet(set), on, { ...presetById('gentle').config.training[set.header.role], ...change });

const tuned: Tuned = {
  ...{ job: 'ftjob-1', model: 'ft:x', files: { 'adapter_model.safetensors': new Uint8Array(1) }, steps: [], validation: [] },
  ...{ trainedTokens: 1, trainedParameters: 1, warnings: [] },
};

function bench(change: Partial<SetTrainerDeps> = {}) {
  const orders: TuneOrder[] = [];
  const kept: AdapterFacts[] = [];
  const held = new Set<string>();
  const taken: Trial = { taken: true, probe: null };
  const deps: SetTrainerDeps = {
    endpoint: {
      finetune: async order => {
        orders.push(order);
        return tuned;
      },
      cancel: () => undefined,
      ready: Promise.resolve(),
      unasked: () => '',
    },
    busy: () => false,
    tryOut: async () => taken,
    hashOf: async () => 'hash-of-base',
    keep: async facts => void kept.push(facts),
    memo: async () => null,
    claim: async key => (held.has(key) ? null : (held.add(key), () => void held.delete(key))),
    date: () => '2026-11-27T00:00:00.000Z',
    announce: () => undefined,
    ...change,
  };
  return { trainer: new SetTrainer(deps), orders, kept, held };
}

describe('an order of one set', () => {
  it('is named by its rows, its base and its settings, and by nothing else', async () => {
    const set = await aSet();
    const order = orderOf(set);
    expect(order).toEqual(orderOf(set));
    expect(order).toMatchObject({ datasetHash: set.header.sha256, base: base.id, from: null, iteration: 1 });
    expect(adapterOf(order)).toMatch(/^set-[0-9a-f]{16}-lab-Model-1-5B\/it1\/(generator|critic)_\d$/);
    expect([isSetTraining(order.loop), isSetTraining('loop-1')]).toEqual([true, false]);
    const fewer = excludeRows(set, [set.rows[0]!.hash]);
    const others = [orderOf(fewer).key, orderOf(set, { kind: 'builtin', id: 'abacus' }).key, orderOf(set, base, { epochs: 9 }).key];
    expect(others).not.toContain(order.key);
    expect(setTrainingId(set.header.sha256, base)).toBe(order.loop);
  });
});

describe('the training of a set', () => {
  it('is tried, and kept with the set and the base that it belongs to', async () => {
    const set = await aSet();
    const { trainer, kept, orders, held } = bench();
    await Promise.all([trainer.start(orderOf(set), base), trainer.start(orderOf(set), base)]);
    const { key } = orderOf(set);
    expect(trainer.of(key)).toMatchObject({ phase: 'kept', probed: false, problem: '' });
    expect(orders).toHaveLength(1);
    expect(kept).toEqual([
      expect.objectContaining({ id: adapterOf(orders[0]!), dataset: set.header.sha256, base: 'hash-of-base', agent: orders[0]!.agent }),
    ]);
    expect(held.size).toBe(0);
  });

  it('is not kept when its result is refused; one of another base may be used when the reader says so', async () => {
    const set = await aSet();
    const { key } = orderOf(set);
    const asked: boolean[] = [];
    const { trainer, kept } = bench({
      tryOut: async (_, __, anyBase) => {
        asked.push(anyBase);
        return anyBase ? { taken: true, probe: null } : { taken: false, reason: 'It names another base.', otherBase: true };
      },
    });
    await trainer.start(orderOf(set), base);
    expect(trainer.of(key)).toMatchObject({ phase: 'stopped', problem: 'Not kept. It names another base.', otherBase: true });
    expect(kept).toEqual([]);
    await trainer.start(orderOf(set), base, true);
    expect([trainer.of(key)!.phase, asked, kept[0]?.anyway]).toEqual(['kept', [false, true], true]);
  });

  it('says what went wrong, waits while something else speaks, and leaves it to the tab that watches it', async () => {
    const set = await aSet();
    const { key } = orderOf(set);
    const lost = bench({ endpoint: { ...bench().trainer['deps'].endpoint, finetune: () => Promise.reject(new Error('no answer')) } });
    await lost.trainer.start(orderOf(set), base);
    expect(lost.trainer.of(key)).toMatchObject({ phase: 'stopped', problem: 'no answer' });
    let busy = true;
    const speaking = bench({ busy: () => busy });
    await speaking.trainer.start(orderOf(set), base);
    expect(speaking.trainer.of(key)!.problem).toMatch(/trained.*go on here/);
    busy = false;
    await speaking.trainer.start(orderOf(set), base);
    expect(speaking.kept).toHaveLength(1);
    const other = bench({ claim: async () => null });
    await other.trainer.start(orderOf(set), base);
    expect(other.trainer.of(key)!.problem).toMatch(/another tab/);
    expect(other.orders).toEqual([]);
  });

  it('goes on when the page is opened again, or says why it waits', async () => {
    const set = await aSet();
    const { key } = orderOf(set);
    const memo = async () => ({ origin: 'https://x.example', status: 'running' });
    const again = bench({ memo });
    expect(await again.trainer.revive(orderOf(set), base)).toBe('');
    await expect.poll(() => again.kept.length).toBe(1);
    expect(again.orders[0]!.key).toBe(key);
    const endpoint = { ...bench().trainer['deps'].endpoint, unasked: () => 'Its key was not kept. Enter it, then press Resume.' };
    const waits = bench({ memo, endpoint });
    expect(await waits.trainer.revive(orderOf(set), base)).toBe('Its key was not kept. Enter it, then press “Go on”.');
    expect(waits.orders).toEqual([]);
    for (const status of ['succeeded', 'failed', 'cancelled']) {
      const over = bench({ memo: async () => ({ origin: 'https://x.example', status }) });
      expect(await over.trainer.revive(orderOf(set), base)).toBe('');
      expect(over.orders).toEqual([]);
    }
  });
});
