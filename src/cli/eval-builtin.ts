// `npm run eval:builtin`: measures the committed weights and writes MODEL_CARD.md beside them.
// Options: --questions N (default 500), --hard N (questions per other difficulty, default 200), --checkpoint FILE (judge one, write nothing), --threads N
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { seededRandom } from '../tasks/arithmetic/random';
import type { Difficulty } from '../tasks/arithmetic/problem';
import { readSafetensors, toFloat32 } from '../onnx/safetensors';
import { modelCard } from './builtin/card';
import { readCheckpoint } from './builtin/checkpoint';
import { config, modelName } from './builtin/config';
import { readLog } from './builtin/course';
import { evaluate, type Evaluation } from './builtin/evaluate';
import { asHalves } from './builtin/export';
import { createSampler } from './builtin/sampler';

const { values: args } = parseArgs({
  options: {
    questions: { type: 'string', default: '500' },
    hard: { type: 'string', default: '200' },
    checkpoint: { type: 'string' },
    threads: { type: 'string', default: '2' },
  },
});
const folder = join('public/models', modelName);
const weights = args.checkpoint
  ? asHalves(readCheckpoint(args.checkpoint).tensors)
  : Object.fromEntries(
      [...readSafetensors(readFileSync(join(folder, 'model.safetensors'))).tensors].map(([name, t]) => [
        name,
        { dims: t.shape, data: toFloat32(t) },
      ]),
    );
const sampler = await createSampler(config, weights, Number(args.threads));

const plan: [Difficulty, number][] = [['standard', Number(args.questions)]];
if (Number(args.hard) > 0)
  for (const difficulty of ['easy', 'larger', 'large', 'paper'] as const) plan.push([difficulty, Number(args.hard)]);
const evaluations: Evaluation[] = [];
for (const [difficulty, questions] of plan) {
  const found = await evaluate(
    (label, chats, temperature) => sampler.sample(chats, temperature, seededRandom(`${difficulty} ${label}`)),
    difficulty,
    questions,
  );
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
await sampler.release();

if (!args.checkpoint) {
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
    join(folder, 'MODEL_CARD.md'),
    modelCard({ date, engine: 'a plain batched sampler on onnxruntime-node', evaluations, log, files }),
  );
}
