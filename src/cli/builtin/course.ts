// Takes the model through its stages: steps, log, checkpoints, probes.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { TrainStepper } from '../../onnx/train/stepper';
import { seededRandom } from '../../tasks/arithmetic/random';
import { batchSource, type Kind } from './batches';
import type { LogLine } from './card';
import { readCheckpoint, saveCheckpoint } from './checkpoint';
import { config, initialWeights, parameters } from './config';
import { probe } from './probe';
import { kindAt, peak, recipeSeed, stages, warmUp } from './recipe';
import { createSampler } from './sampler';

export interface CourseOptions {
  /** Stages to run, first and last by index; the checkpoint before the first must be there. */
  first: number;
  last: number;
  threads: number;
  /** For checkpoints and log. */
  folder: string;
  /** Steps between probes. */
  probeEvery: number;
  /** At most so many steps of each stage, at the rates of the whole one; a trial is probed with few questions. */
  steps: number;
}

const rounded = (values: object): object =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Math.round((value as number) * 1000) / 1000]));
export const checkpointOf = (folder: string, stage: number): string => join(folder, `${stages[stage]!.name}.ckpt`);
export const logOf = (folder: string): string => join(folder, 'log.jsonl');
export const readLog = (path: string): LogLine[] =>
  existsSync(path)
    ? readFileSync(path, 'utf8')
        .trim()
        .split('\n')
        .map(line => JSON.parse(line) as LogLine)
    : [];

export async function runCourse({ first, last, threads, folder, probeEvery, steps }: CourseOptions): Promise<void> {
  // A resumed run goes on from the log of the stages before it, and forgets what was tried after them.
  const past = first === 0 ? [] : readLog(logOf(folder));
  const resumed = past.findLastIndex(line => line.event === 'stage' && line.stage === stages[first - 1]!.name);
  const lines = past.slice(0, resumed + 1);
  const log = (line: LogLine): void => {
    lines.push(line);
    writeFileSync(logOf(folder), lines.map(l => `${JSON.stringify(l)}\n`).join(''));
    console.log(new Date().toISOString().slice(11, 19), JSON.stringify(line));
  };

  const runtime = {
    createSession: (bytes: Uint8Array) => ort.InferenceSession.create(bytes, { intraOpNumThreads: threads, interOpNumThreads: 1 }),
    Tensor: ort.Tensor,
  };
  const stepper = await TrainStepper.create(runtime, config, initialWeights(config, recipeSeed), { mode: 'full', optimiser: 'muon' });
  if (first > 0) stepper.importState(readCheckpoint(checkpointOf(folder, first - 1)));
  else log({ event: 'start', parameters: parameters(config), seed: recipeSeed });
  let tokens = lines.at(-1)?.tokens ?? 0;
  let spent = (lines.at(-1)?.minutes ?? 0) * 60e3;
  const minutes = (): number => Math.round(spent / 6000) / 10;

  const judge = async (stage: string, step: number, questions: number): Promise<void> => {
    const sampler = await createSampler(config, stepper.exportWeights(), threads);
    log({ event: 'probe', stage, step, questions, ...rounded(await probe(sampler, 'standard', questions, 'probe')) });
    await sampler.release();
  };

  for (let s = first; s <= last; s++) {
    const stage = stages[s]!;
    const random = seededRandom(`${recipeSeed} ${stage.name}`);
    const next = batchSource(random, stage.corpus);
    const losses = new Map<Kind, { sum: number; count: number }>();
    const most = Math.min(steps, stage.steps);
    for (let step = 0; step < most; step++) {
      const done = step / stage.steps;
      const factor = stage.rate(done) * Math.min(1, (stepper.steps + 1) / warmUp);
      const batch = next(kindAt(stage, done, random));
      const started = performance.now();
      const { loss } = await stepper.step(batch, { adamw: peak.adamw * factor, muon: peak.muon * factor });
      spent += performance.now() - started;
      tokens += batch.tokens;
      const kept = losses.get(batch.kind) ?? { sum: 0, count: 0 };
      losses.set(batch.kind, { sum: kept.sum + loss, count: kept.count + 1 });
      if ((step + 1) % 250 === 0) {
        const mean = rounded(Object.fromEntries([...losses].map(([kind, { sum, count }]) => [kind, sum / count])));
        log({ event: 'loss', stage: stage.name, step: step + 1, tokens, minutes: minutes(), ...mean });
        losses.clear();
      }
      if ((step + 1) % probeEvery === 0 && step + 1 < most) {
        saveCheckpoint(join(folder, 'running.ckpt'), stepper.exportState());
        await judge(stage.name, step + 1, 64);
      }
    }
    saveCheckpoint(checkpointOf(folder, s), stepper.exportState());
    await judge(stage.name, most, most < stage.steps ? 4 : 200);
    log({ event: 'stage', stage: stage.name, tokens, minutes: minutes() });
  }
  await stepper.dispose();
}
