import { expect, it } from 'vitest';
import type { TuneOrder } from '../../datasets/order';
import { presetById } from '../../experiment/presets';
import { memoryMemos } from '../../finetune/memo';
import { assertPlace } from './place';

const order: TuneOrder = {
  ...{ key: 'l/3/critic_2', loop: 'l', iteration: 3, agent: 'critic_2', role: 'critic', base: 'abacus', from: 'ft:x' },
  ...{ training: '', validation: null, datasetHash: '', settings: presetById('gentle').config.training.critic, seed: 1 },
};
const name = (origin: string): string => `at ${origin}`;

it('an agent goes on where its weights are, or is told where they are', async () => {
  const memos = memoryMemos();
  const memo = { schema: 1, file: null, validation: null, job: 'j' } as const;
  const check = (origin: string, change: Partial<TuneOrder> = {}): Promise<void> =>
    assertPlace({ ...order, ...change }, origin, memos, name);
  // Nobody remembers: the endpoint will say.
  await check('http://b');
  await memos.write({ ...memo, key: 'l/1/critic_2', origin: 'http://b', status: 'succeeded' });
  await memos.write({ ...memo, key: 'l/2/critic_2', origin: 'http://b', status: 'failed' });
  await memos.write({ ...memo, key: 'l/2/critic_2/2', origin: 'http://a', status: 'succeeded' });
  await check('http://a');
  await expect(check('http://b')).rejects.toMatchObject({
    code: 'place_changed',
    message: 'critic_2 goes on from the weights of its last training. Those lie at http://a; at http://b they are not known.',
  });
  // From the base it may be trained anywhere, and the weights of iteration 1 are where it was trained then.
  await check('http://b', { from: null });
  await check('http://b', { iteration: 2 });
  // A training of iteration 2 that was skipped left the weights of iteration 1 in use.
  await expect(check('http://a', { iteration: 2 })).rejects.toThrow('at http://b');
  await check('http://c', { agent: 'generator_1' });
});
