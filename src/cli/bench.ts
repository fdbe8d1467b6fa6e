// `npm run bench`: ratios against peers, each pair measured in one process. Prints a table; `--json` prints the numbers.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'vite';
import { benchNode } from '../models/bench/node';
import { presetById } from '../experiment/presets';
import type { EngineBench } from '../models/bench/suite';
import type { Dtype } from '../models/dtype-policy';
import { modelFolder, type FolderOptions } from '../onnx/fixtures/folder';
import { midConfig } from '../onnx/fixtures/weights';
import { seededRandom } from '../tasks/arithmetic/random';
import { drawProblem, questionText } from '../tasks/arithmetic/problem';
import { benchInPage } from './bench/engine-page';
import { benchLoop, type LoopTimes } from './bench/loop';
import { benchLoopInPage } from './bench/loop-page';
import { benchPage, type PageTimes } from './bench/page';
import { togetherOverOne } from './bench/processors';
import type { Report } from './bench/report';
import { table } from './bench/table';
import { benchTrainStep } from './bench/train-step';
import { CliError } from './errors';

const USAGE = `Usage: npm run bench -- [--json] [--only node,node-100m,wasm,train-step,page,loop,lecture,loop-page,lecture-page,webgpu,webgpu-100m,webgpu-100m-q4f16] [--rounds 3] [--threads 1]

node, wasm  the built-in model: our decode loop over bare session.run; 3 agents × 8 questions against a library's generate()
node-100m   the same for a random model of 100 M parameters (needs about 3 GB of memory)
webgpu, webgpu-100m, webgpu-100m-q4f16
            the same on a graphics card; only when asked for, since a software adapter would measure the processor
train-step  one training step of the built-in model, 32 × 128 tokens, against torch where a Python with torch is found
page        first paint of the recording, script before it, click to the first live word
loop        one iteration of the closed loop on Node, all cores: 200 training and 200 held-out questions, six adapters
lecture     the same with the lecture preset
loop-page, lecture-page  both in the built page, on wasm, trained in the page`;

const USUAL = ['node', 'node-100m', 'wasm', 'train-step', 'page', 'loop', 'lecture', 'loop-page', 'lecture-page'] as const;
const ON_CARD = ['webgpu', 'webgpu-100m', 'webgpu-100m-q4f16'] as const;
const PARTS = [...USUAL, ...ON_CARD] as const;
type Part = (typeof PARTS)[number];
/** Iterations of the loop: what the report calls them, which preset, and where. */
const iterations = {
  loop: { name: 'node', preset: 'gentle', where: 'node' },
  lecture: { name: 'node, lecture', preset: 'lecture', where: 'node' },
  'loop-page': { name: 'page', preset: 'gentle', where: 'page' },
  'lecture-page': { name: 'page, lecture', preset: 'lecture', where: 'page' },
} as const;
const root = resolve(import.meta.dirname, '../..');
const models = join(root, 'public/models');

/** Writes the random model to a temporary folder for the time of one measurement. */
async function withRandomModel<T>(
  use: (dir: string) => Promise<T>,
  options: FolderOptions = { files: { 'model.onnx': 'fp32' } },
): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'polylogue-100m-'));
  try {
    for (const [path, content] of modelFolder(midConfig, options)) {
      mkdirSync(dirname(join(dir, 'random-100m', path)), { recursive: true });
      writeFileSync(join(dir, 'random-100m', path), content);
    }
    return await use(join(dir, 'random-100m'));
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function measure(parts: readonly Part[], rounds: number, threads: number): Promise<Report> {
  const random = seededRandom('bench');
  const questions = Array.from({ length: 8 }, () => [
    { role: 'user' as const, content: questionText(drawProblem(random, 'standard', 'eval')) },
  ]);
  // A round of the small model takes two seconds, and what else runs on the host comes and goes: its median is over more of them.
  const small = { questions, maxNewTokens: 64, decodeSteps: 48, rounds: 5 * rounds };
  const engines: Record<string, EngineBench> = {};
  const isEngine = (part: Part): boolean => part.startsWith('node') || part === 'wasm' || part.startsWith('webgpu');
  const onProcessor = parts.some(part => isEngine(part) && !part.startsWith('webgpu'));
  const large = { ...small, maxNewTokens: 16, decodeSteps: 16, rounds: 1 };
  const say = (what: string): void => console.error(`Measuring ${what}…`);
  for (const part of parts) {
    if (isEngine(part)) say(part);
    if (part === 'node') engines[part] = await benchNode(join(models, 'abacus'), { ...small, threads });
    if (part === 'node-100m') engines[part] = await withRandomModel(dir => benchNode(dir, { ...large, threads }));
    if (part === 'wasm') engines[part] = await benchInPage(root, models, { ...small, id: 'abacus', device: part, dtype: 'fp32', threads });
    // A library's step takes as long for a small model as for a large one there.
    const onCard = { ...small, maxNewTokens: 32, decodeSteps: 32, rounds, device: 'webgpu', threads } as const;
    if (part === 'webgpu') engines[part] = await benchInPage(root, models, { ...onCard, id: 'abacus', dtype: 'fp32' });
    const inPage =
      (dtype: Dtype) =>
      (dir: string): Promise<EngineBench> =>
        benchInPage(root, dirname(dir), { ...onCard, id: basename(dir), dtype });
    if (part === 'webgpu-100m') engines[part] = await withRandomModel(inPage('fp32'));
    if (part === 'webgpu-100m-q4f16')
      engines[part] = await withRandomModel(inPage('q4f16'), { files: { 'model_q4f16.onnx': 'int4, halves' } });
  }
  if (parts.includes('train-step')) say('train-step');
  const trainStep = parts.includes('train-step') ? await benchTrainStep(threads, rounds) : null;
  let page: PageTimes | null = null;
  if (parts.includes('page')) {
    say('page');
    await build({ root, logLevel: 'warn' });
    page = await benchPage(join(root, 'dist'), Math.max(3, rounds));
  }
  const loops: Record<string, LoopTimes> = {};
  const inPage = parts.filter(part => part.endsWith('-page'));
  if (inPage.length && !page) await build({ root, logLevel: 'warn' });
  for (const part of parts.filter((one): one is keyof typeof iterations => Object.hasOwn(iterations, one))) {
    say(part);
    const { name, preset, where } = iterations[part];
    loops[name] = await (where === 'node'
      ? benchLoop(root, ['--preset', preset])
      : benchLoopInPage(join(root, 'dist'), presetById(preset).title));
  }
  const processors = cpus();
  const together = onProcessor ? await togetherOverOne(rounds) : null;
  return {
    date: new Date().toISOString().slice(0, 10),
    machine: `${processors.length} × ${processors[0]?.model ?? 'unknown'}, Node ${process.version}`,
    together,
    threads,
    engines,
    trainStep,
    page,
    loops,
  };
}

function options(): { json: boolean; parts: Part[]; rounds: number; threads: number } {
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      only: { type: 'string', default: USUAL.join(',') },
      rounds: { type: 'string', default: '3' },
      // Both sides have as many. One is what a page without isolation has.
      threads: { type: 'string', default: '1' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) throw new CliError(USAGE, 0);
  const parts = values.only.split(',') as Part[];
  const wrong = parts.find(part => !PARTS.includes(part));
  if (wrong !== undefined) throw new CliError(`no part "${wrong}".\n\n${USAGE}`, 2);
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new CliError('--rounds must be a whole number of at least 1', 2);
  const threads = Number(values.threads);
  if (!Number.isInteger(threads) || threads < 1) throw new CliError('--threads must be a whole number of at least 1', 2);
  return { json: values.json, parts, rounds, threads };
}

try {
  const { json, parts, rounds, threads } = options();
  const report = await measure(parts, rounds, threads);
  console.log(json ? JSON.stringify(report, null, 2) : table(report));
} catch (error) {
  if (!(error instanceof CliError)) throw error;
  console.error(error.message);
  process.exitCode = error.exitCode;
}
