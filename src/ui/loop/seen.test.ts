import { expect, test } from 'vitest';
import { foldLoopAll } from '../../experiment/fold';
import { loopConfigOf, startOf } from '../../experiment/loop.fixture';
import type { LiveLoopEvent } from '../../experiment/records';
import { lossesAfter, Seen } from './seen.svelte';

const training = (step: number, loss: number | null): LiveLoopEvent => ({
  type: 'training',
  iteration: 1,
  agent: 'generator_1',
  step,
  total: 3,
  loss,
  left: null,
  status: 'running',
});
const stage = (iteration: number, stage: 'debate' | 'finetune', done = 0): LiveLoopEvent => ({
  type: 'stage',
  iteration,
  stage,
  done,
  total: 2,
  left: null,
});

test('losses are told by step; what a job repeats from a checkpoint replaces what it said before', () => {
  const none = new Map();
  expect(lossesAfter(none, [training(0, 9), training(1, null)])).toBe(none);
  const first = lossesAfter(none, [training(1, 3), training(2, 2), training(3, 1)]);
  expect(first.get('generator_1')).toEqual([3, 2, 1]);
  expect(lossesAfter(first, [training(2, 1.5)]).get('generator_1')).toEqual([3, 1.5]);
});

test('a stage is said once, when it begins; losses go with their iteration, what goes on with the sitting', () => {
  const said: string[] = [];
  const frames: (() => void)[] = [];
  const facts = foldLoopAll([startOf(loopConfigOf())]);
  const seen = new Seen(
    facts,
    text => said.push(text),
    frame => frames.push(frame),
  );
  for (const event of [stage(1, 'debate'), stage(1, 'debate', 1), stage(1, 'finetune'), training(1, 3)]) seen.add(event);
  expect([frames.length, seen.state]).toEqual([1, facts]);
  frames.shift()!();
  seen.add(stage(1, 'finetune', 1));
  seen.flush();
  expect([said, seen.losses.size]).toEqual([['Iteration 1: finetune.'], 1]);
  seen.add(stage(2, 'debate'));
  seen.flush();
  expect([said.at(-1), seen.losses.size]).toEqual(['Iteration 2: debate.', 0]);
  seen.add(stage(2, 'finetune'));
  seen.settle(facts);
  seen.flush();
  expect([seen.state, said.length]).toEqual([facts, 2]);
});
