import { describe, expect, it } from 'vitest';

import { nodeRuntime } from '../../test/fixtures/node-runtime';
import { randomAdapter } from '../onnx/fixtures/adapters';
import { faults, numericCases, runCase } from '../onnx/fixtures/cases';
import { greedy } from '../onnx/fixtures/greedy';
import { buildLayout } from '../onnx/fixtures/layouts';
import { randomWeights, tinyConfig } from '../onnx/fixtures/weights';
import { mapAdapter } from '../onnx/mapping';
import { encodeModel } from '../onnx/proto';
import { prepareGraph } from '../onnx/surgery';
import { poolForms } from './fixtures/pool-forms';
import { poolAdapters } from './pool-surgery';

describe.each(['pooled', 'baked'] as const)(
  'rows of different adapters out of one pool equal models with the adapter merged in: %s',
  form => {
    const essential = numericCases().filter(numeric => numeric.essential);
    it.each(essential.map(c => [c.name, c] as const))('%s', async (_, numeric) => {
      expect(faults(numeric, await runCase(numeric, nodeRuntime, { form: poolForms[form] }))).toEqual([]);
    });
  },
);

it('says of a row the same to the last bit, whoever else is in the pool', async () => {
  const weights = randomWeights(tinyConfig);
  const { model, modules } = prepareGraph(buildLayout(tinyConfig, weights, 'genai'), {});
  const session = await nodeRuntime.createSession(encodeModel(poolAdapters(model, modules)));
  // Ranks that do not fill a group of columns.
  const society = [3, 7, 5].map((rank, seed) => mapAdapter(randomAdapter(tinyConfig, { rank, seed }), modules));
  const speak = (agents: number[]) => {
    const rows = agents.map(agent => society[agent]!);
    const feeds = poolForms.pooled.feeds(modules, society, rows);
    return greedy(nodeRuntime, session, tinyConfig, Array<number[]>(4).fill([1, 2, 3]), 3, feeds);
  };
  const [own, mixed] = [await speak([2, 2, 2, 2]), await speak([0, 2, 1, 2])];
  for (const row of [1, 3]) expect(mixed[row]!.logits).toEqual(own[row]!.logits);
  expect(mixed[0]!.logits).not.toEqual(own[0]!.logits);
  await session.release();
});
