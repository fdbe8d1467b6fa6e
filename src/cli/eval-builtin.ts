// `npm run eval:builtin`: measures the committed weights and writes MODEL_CARD.md beside them.
// Options: --questions N (default 500), --hard N (questions per other difficulty, default 200), --checkpoint FILE (judge one, write nothing),
// --out DIR (folder of the card; default beside the weights), --threads N
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { seededRandom } from '../tasks/arithmetic/random';
import type { Difficulty } from '../tasks/arithmetic/problem';
import { createNodeEngine } from '../models/engine-node';
import { modelCard } from './builtin/card';
import { readCheckpoint } from './builtin/checkpoint';
import { config, modelName } from './builtin/config';
import { readLog } from './builtin/course';
import { evaluate, type Evaluation, type Speak } from './builtin/evaluate';
import { asHalves } from './builtin/export';
import { createSampler } from './builtin/sampler';
import { evaluationSeed, speakWith } from './builtin/speak';

const { values: args } = parseArgs({
  options: {
    questions: { type: 'string', default: '500' },
    hard: { type: 'string', default: '200' },
    checkpoint: { type: 'string' },
    out: { type: 'string' },
    threads: { type: 'string', default: '2' },
  },
});
const folder = join('public/models', modelName);
const threads = Number(args.threads);
// The product's engine speaks for the committed model; a checkpoint under training has no folder yet and speaks by the plain sampler.
const sampler = args.checkpoint ? await createSampler(config, asHalves(readCheckpoint(args.checkpoint).tensors), threads) : null;
const engine = sampler ? null : await createNodeEngine(folder, { threads });
const speakFor = (difficulty: Difficulty): Speak =>
  engine
    ? speakWith(engine, difficulty)
    : (label, chats, temperature) => sampler!.sample(chats, temperature, seededRandom(`${difficulty} ${label}`));

const plan: [Difficulty, number][] = [['standard', Number(args.questions)]];
if (Number(args.hard) > 0)
  for (const difficulty of ['easy', 'larger', 'large', 'paper'] as const) plan.push([difficulty, Number(args.hard)]);
const evaluations: Evaluation[] = [];
for (const [difficulty, questions] of plan) {
  const found = await evaluate(speakFor(difficulty), difficulty, questions);
  evaluations.push(found);
  console.log(
    difficulty,
    Object.entries(found)
      .flatMap(([key, value]) =>
        value && typeof value === 'object' && 'n' in value ? [`${key} ${((100 * value.hits) / value.n).toFixed(1)}`] : [],
      )
      .join(', '),
    `styles ${found.distinctStyles.toFixed(2)}`,
  );
}
await sampler?.release();

if (engine) {
  const { runtime, device, dtype } = engine.facts;
  await engine.dispose();
  const log = readLog(join(folder, 'training-log.jsonl'));
  const names = [
    'config.json',
    'generation_config.json',
    'tokenizer.json',
    'tokenizer_config.json',
    'model.safetensors',
    'onnx/model.onnx',
  ];
  const files = names.map(name => [name, statSync(join(folder, name)).size] as const);
  const date = new Date().toISOString().slice(0, 10);
  writeFileSync(
    join(args.out ?? folder, 'MODEL_CARD.md'),
    modelCard({
      date,
      engine: `the society engine (${runtime}, ${device}, ${dtype})`,
      command: `npm run eval:builtin -- --questions ${args.questions} --hard ${args.hard}`,
      seed: evaluationSeed,
      evaluations,
      log,
      files,
    }),
  );
}
