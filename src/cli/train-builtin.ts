// `npm run train:builtin`: trains the built-in model from nothing. Writes checkpoints and a log to `.cache/builtin/`.
// Options: --from STAGE (resume from the checkpoint before it), --to STAGE, --threads N, --out DIR
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import * as ort from 'onnxruntime-node';
import { TrainStepper } from '../onnx/train/stepper';
import { seededRandom } from '../tasks/arithmetic/random';
import { batchSource, type Kind } from './builtin/batches';
import { readCheckpoint, saveCheckpoint } from './builtin/checkpoint';
import { config, initialWeights, parameters } from './builtin/config';
import { probe } from './builtin/probe';
import { kindAt, peak, recipeSeed, stages, warmUp } from './builtin/recipe';
import { createSampler } from './builtin/sampler';

const { values: args } = parseArgs({
  options: {
    from: { type: 'string' },
    to: { type: 'string' },
    threads: { type: 'string', default: '2' },
    out: { type: 'string', default: '.cache/builtin' },
    every: { type: 'string', default: '1000' },
  },
});
const threads = Number(args.threads);
const every = Number(args.every);
const folder = args.out;
mkdirSync(folder, { recursive: true });

const names = stages.map(stage => stage.name);
const first = args.from ? names.indexOf(args.from) : 0;
const last = args.to ? names.indexOf(args.to) : names.length - 1;
if (first < 0 || last < first) throw new Error(`stages are ${names.join(', ')}`);
const fileOf = (stage: number): string => join(folder, `${names[stage]}.ckpt`);

function log(record: object): void {
  const line = JSON.stringify({ at: new Date().toISOString(), ...record });
  appendFileSync(join(folder, 'log.jsonl'), `${line}\n`);
  console.log(line);
}
const rounded = (values: object): object =>
  Object.fromEntries(Object.entries(values).map(([key, value]) => [key, Math.round((value as number) * 1000) / 1000]));

const runtime = {
  createSession: (bytes: Uint8Array) => ort.InferenceSession.create(bytes, { intraOpNumThreads: threads, interOpNumThreads: 1 }),
  Tensor: ort.Tensor,
};
const stepper = await TrainStepper.create(runtime, config, initialWeights(config, recipeSeed), { mode: 'full', optimiser: 'muon' });
if (first > 0) stepper.importState(readCheckpoint(fileOf(first - 1)));
log({ event: 'start', parameters: parameters(config), stages: names.slice(first, last + 1), step: stepper.steps });

async function judge(stage: string, step: number, count: number): Promise<void> {
  const sampler = await createSampler(config, stepper.exportWeights(), threads);
  log({
    event: 'probe',
    stage,
    step,
    difficulty: 'standard',
    questions: count,
    ...rounded(await probe(sampler, 'standard', count, 'probe')),
  });
  await sampler.release();
}

let tokens = 0;
let spent = 0;
for (let s = first; s <= last; s++) {
  const stage = stages[s]!;
  const random = seededRandom(`${recipeSeed} ${stage.name}`);
  const next = batchSource(random, () => stage.corpus);
  const losses = new Map<Kind, { sum: number; count: number }>();
  for (let step = 0; step < stage.steps; step++) {
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
      log({ event: 'loss', stage: stage.name, step: step + 1, tokens, minutes: Math.round(spent / 6000) / 10, ...mean });
      losses.clear();
    }
    if ((step + 1) % every === 0 && step + 1 < stage.steps) {
      saveCheckpoint(join(folder, 'running.ckpt'), stepper.exportState());
      await judge(stage.name, step + 1, 64);
    }
  }
  saveCheckpoint(fileOf(s), stepper.exportState());
  await judge(stage.name, stage.steps, 200);
}
await stepper.dispose();
log({ event: 'end', tokens, minutes: Math.round(spent / 6000) / 10 });
