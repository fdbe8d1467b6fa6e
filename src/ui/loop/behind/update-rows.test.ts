import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import * as ort from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chatJsonl } from '../../../datasets/formats/chat';
import { agentName, type DataRow, type SetRow, type TrainingSet } from '../../../datasets/records';
import { parseTrainingSet } from '../../../datasets/schema';
import type { RunFile } from '../../../debate/events';
import { foldAll } from '../../../debate/fold';
import { plannedUpdates } from '../../../experiment/training-plan';
import { foldLoopAll } from '../../../experiment/fold';
import type { LoopFile } from '../../../experiment/records';
import { parseLoopEvent } from '../../../experiment/schema';
import { folderOnDisk } from '../../../models/engine-node';
import { TrainStepper } from '../../../onnx/train/stepper';
import { loadBase, type Base } from '../../../tuner/train/base';
import { batchOf } from '../../../tuner/train/objective';
import { readRows, trainedTokens } from '../../../tuner/train/rows';
import { recordings } from '../recordings';
import { updateRows, type Updates } from './update-rows';

const site = resolve(import.meta.dirname, '../../../../public');
const gunzipped = (path: string): unknown => JSON.parse(gunzipSync(readFileSync(resolve(site, path))).toString());

let base: Base;
let stepper: TrainStepper;
beforeAll(async () => {
  base = await loadBase({ id: 'abacus', folder: folderOnDisk(resolve(site, 'models/abacus')) });
  const createSession = (bytes: Uint8Array) => ort.InferenceSession.create(bytes, { intraOpNumThreads: 1 });
  stepper = await TrainStepper.create({ createSession, Tensor: ort.Tensor }, base.config, base.weights, { mode: 'full' });
});
afterAll(() => stepper.dispose());

/** Mean over targets under the base: what an update that starts there measures. */
async function lossOf(rows: readonly DataRow[]): Promise<number> {
  const masked = readRows(new TextEncoder().encode(chatJsonl(rows)), { ...base.rules, longest: base.context }, 'training_file');
  const { nll } = await stepper.evaluate(batchOf(masked, base.pad));
  return nll.reduce((a, b) => a + b, 0) / masked.reduce((sum, row) => sum + trainedTokens(row), 0);
}

describe.each(recordings)('rows behind the losses of $id', ({ folder }) => {
  const events = (JSON.parse(readFileSync(resolve(site, folder, 'loop.json'), 'utf8')) as LoopFile).events.map(parseLoopEvent);
  const { start, iterations } = foldLoopAll(events);
  const { config } = start!;
  const agents = iterations[1]!.collected!.sets.map(header => ({ header, name: agentName(header.role, header.agent) }));
  const behind = ({ header, name }: (typeof agents)[number], set: TrainingSet, updates: Updates, seeded: boolean): DataRow[] => {
    const run = foldAll((gunzipped(`${folder}runs/${header.run}.run.json.gz`) as RunFile).events);
    const byHash = new Map(set.rows.map(row => [row.hash, row]));
    return updateRows({ config, iteration: 1, name, set }, updates, seeded, run).map(({ id }) => byHash.get(id.split(' ')[1]!)!);
  };
  const read = ({ sha256 }: SetRow): TrainingSet => parseTrainingSet(gunzipped(`${folder}sets/${sha256}.json.gz`));

  it('have the loss that the trainer recorded of its first update, and others have not', async () => {
    const others: number[] = [];
    for (const agent of agents) {
      const { losses, rows } = iterations[1]!.jobs.get(agent.name)!.ended!;
      expect(rows!.seeded).toBe(true);
      const set = read(agent.header);
      const first = await lossOf(behind(agent, set, { from: 1, to: 1 }, true));
      const second = await lossOf(behind(agent, set, { from: 2, to: 2 }, true));
      expect(Math.abs(first - losses[0]!)).toBeLessThan(2e-5);
      others.push(Math.abs(second - losses[0]!));
    }
    expect(Math.max(...others)).toBeGreaterThan(1e-3);
  });

  it('have the loss of held-out rows, and are no rows of an update', async () => {
    for (const agent of agents) {
      const { validation } = iterations[1]!.jobs.get(agent.name)!.ended!;
      const set = read(agent.header);
      const held = behind(agent, set, null, true);
      expect(Math.abs((await lossOf(held)) - validation[0]!.loss)).toBeLessThan(2e-5);
      const trained = new Set(behind(agent, set, { from: 1, to: plannedUpdates(config, agent.header) }, true));
      // Agents whose sets one model learns together may have said the same; a set of one agent holds nothing twice.
      if (agent.header.shared === undefined) expect(held.filter(row => trained.has(row))).toEqual([]);
      expect(new Set([...trained, ...held]).size).toBe(new Set(set.rows.map(({ hash }) => hash)).size);
      // Of another trainer only this much is known.
      expect(new Set(behind(agent, set, { from: 3, to: 3 }, false))).toEqual(trained);
    }
  });
});
