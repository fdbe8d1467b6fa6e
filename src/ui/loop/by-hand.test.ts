// The train stage without a trainer: what is given is tried, taken or refused, and the loop goes on when every agent is settled.
import { expect, it } from 'vitest';
import { runLoop } from '../../experiment/loop';
import { blankDisk, loopConfigOf, portsOf, startOf, type World } from '../../experiment/loop.fixture';
import { emptyLoop, type LoopState } from '../../experiment/fold';
import { seatsAfter } from '../../experiment/society';
import type { GivenFile } from '../../finetune/given';
import { randomAdapter } from '../../onnx/fixtures/adapters';
import { tinyConfig } from '../../onnx/fixtures/weights';
import { writeAdapter } from '../../onnx/peft';
import type { Trial } from '../../models/try-out';
import { ByHand, type TryOut } from './by-hand.svelte';

const config = { ...loopConfigOf(), iterations: 1 };

const adapter = writeAdapter(randomAdapter(tinyConfig, { rank: 2, seed: 1, strength: 1 }), { alpha: 4, baseModel: 'tiny' });
const given = (names: string[] = Object.keys(adapter)): GivenFile[] =>
  names.map(name => {
    const content = adapter[name as keyof typeof adapter];
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    return { name, size: bytes.length, read: async () => bytes };
  });

function begin(
  tryOut: TryOut,
  signal = new AbortController().signal,
): { hand: ByHand; world: World; end: Promise<LoopState>; waiting: () => Promise<string[]> } {
  const world: World = { disk: blankDisk() };
  const hand = new ByHand(tryOut);
  const ports = { ...portsOf(world), finetune: hand.wait.bind(hand) };
  const end = runLoop({
    start: startOf(config),
    state: emptyLoop,
    ports: { ...ports, finetune: order => hand.wait(order, signal) },
    signal,
  });
  end.catch(() => undefined);
  const waiting = async (): Promise<string[]> => {
    await expect.poll(() => hand.sets.length).toBe(4);
    return hand.sets.map(({ order }) => order.key);
  };
  return { hand, world, end, waiting };
}
const stateOf = (hand: ByHand, key: string): string => hand.sets.find(({ order }) => order.key === key)!.state.kind;
const good: Trial = { taken: true, probe: null };

it('goes on when all are settled: some given, some left as they were', async () => {
  const { hand, end, waiting, world } = begin(async () => good);
  const keys = await waiting();
  for (const key of keys.slice(0, 3)) await hand.give(key, given());
  expect(keys.map(key => stateOf(hand, key))).toEqual(['taken', 'taken', 'taken', 'waiting']);
  hand.leave(keys[3]!);
  const state = await end;
  const { jobs, adopted } = state.iterations[1]!;
  expect([...jobs.values()].map(({ ended }) => ended!.outcome).sort()).toEqual(['skipped', 'succeeded', 'succeeded', 'succeeded']);
  expect([...jobs.values()].find(({ ended }) => ended!.outcome === 'skipped')!.ended!.reason).toMatch(/left as it was/);
  expect([...jobs.values()].find(({ ended }) => ended!.outcome === 'succeeded')!.ended).toMatchObject({
    job: 'given by hand',
    kept: { kind: 'lora' },
  });
  expect([adopted.size, world.disk.adapters.size]).toEqual([3, 3]);
  expect(
    seatsAfter(state, 1)
      .flatMap(seat => Object.values(seat))
      .filter(id => id === null),
  ).toHaveLength(1);
});

it('says why files are not taken, and takes better ones; an engine that fails is no end either', async () => {
  const answers: (Trial | Error)[] = [{ taken: false, reason: 'shapes differ', otherBase: false }, new Error('Out of memory.'), good];
  const { hand, waiting } = begin(async () => {
    const answer = answers.shift()!;
    if (answer instanceof Error) throw answer;
    return answer;
  });
  const [key] = await waiting();
  const told = (): unknown => hand.sets.find(({ order }) => order.key === key)!.state;
  await hand.give(key!, given(['adapter_config.json']));
  expect(told()).toMatchObject({
    kind: 'refused',
    reason: expect.stringMatching(/^adapter_model\.safetensors is missing.*Give/) as string,
    files: null,
  });
  await hand.give(key!, given());
  expect(told()).toEqual({ kind: 'refused', reason: 'shapes differ', files: null });
  // What is wrong with the files cannot be overruled.
  await hand.useAnyway(key!);
  expect(told()).toMatchObject({ kind: 'refused' });
  await hand.give(key!, given());
  expect(told()).toMatchObject({ kind: 'refused', reason: 'Out of memory.' });
  await hand.give(key!, given());
  expect(told()).toEqual({ kind: 'taken' });
});

it('uses what names another base when the reader says so, and tells the record', async () => {
  const asked: boolean[] = [];
  const { hand, waiting } = begin(async (_, anyBase) => {
    asked.push(anyBase);
    return anyBase ? good : { taken: false, reason: 'another base', otherBase: true };
  });
  const [key] = await waiting();
  await hand.give(key!, given());
  expect(stateOf(hand, key!)).toBe('refused');
  await hand.useAnyway(key!);
  expect([stateOf(hand, key!), asked]).toEqual(['taken', [false, true]]);
});

it('a pause takes the waiting back; what was given before it stays', async () => {
  const control = new AbortController();
  const { hand, world, end, waiting } = begin(async () => good, control.signal);
  const keys = await waiting();
  await hand.give(keys[0]!, given());
  await expect.poll(() => world.disk.events.filter(({ type }) => type === 'job-ended').length).toBe(1);
  control.abort(new DOMException('Paused.', 'AbortError'));
  await expect(end).rejects.toThrow('Paused.');
  expect(hand.sets).toEqual([]);
  expect(world.disk.adapters.size).toBe(1);
});
