// `npm run train:builtin`: trains the built-in model from nothing and writes it to public/models/abacus, with the training log beside it.
// Options: --from STAGE (resume from the checkpoint before it), --to STAGE (stop after it and write no model), --threads N,
// --out DIR (checkpoints and log; default .cache/builtin), --every N (steps between probes), --export FILE (only write this checkpoint),
// --steps N (only the first N of each stage: a trial, which writes no model)
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { recordSelfCheck } from '../models/record-self-check';
import { readCheckpoint } from './builtin/checkpoint';
import { config, modelName } from './builtin/config';
import { checkpointOf, logOf, runCourse } from './builtin/course';
import { exportModel } from './builtin/export';
import { stages } from './builtin/recipe';
import { referencePrompts } from './builtin/references';

const { values: args } = parseArgs({
  options: {
    from: { type: 'string' },
    to: { type: 'string' },
    threads: { type: 'string', default: '2' },
    out: { type: 'string', default: '.cache/builtin' },
    every: { type: 'string', default: '1000' },
    export: { type: 'string' },
    steps: { type: 'string' },
  },
});
const folder = args.out;
mkdirSync(folder, { recursive: true });

const indexOf = (name: string): number => {
  const index = stages.findIndex(stage => stage.name === name);
  if (index < 0) throw new RangeError(`no stage "${name}"; there is ${stages.map(stage => stage.name).join(', ')}`);
  return index;
};
const first = args.from ? indexOf(args.from) : 0;
const last = args.to ? indexOf(args.to) : stages.length - 1;
const steps = args.steps === undefined ? Infinity : Number(args.steps);
if (!(steps >= 1)) throw new RangeError('--steps must be at least 1');
if (!args.export) await runCourse({ first, last, threads: Number(args.threads), folder, probeEvery: Number(args.every), steps });

if (args.export || (last === stages.length - 1 && steps === Infinity)) {
  const target = join('public/models', modelName);
  const sizes = exportModel(target, config, readCheckpoint(args.export ?? checkpointOf(folder, last)).tensors);
  copyFileSync(logOf(folder), join(target, 'training-log.jsonl'));
  await recordSelfCheck(target, referencePrompts);
  for (const [name, bytes] of Object.entries(sizes)) console.log(`${join(target, name)}: ${bytes} bytes`);
}
