// `compare`: two loops on the same held-out questions, such as a society and its control, or a loop and its own base; over one or several seeds.
import { parseArgs } from 'node:util';

import { foldAll } from '../debate/fold';
import { foldLoopAll } from '../experiment/fold';
import { compareAll } from '../metrics/paired';
import { CliError } from './errors';
import { readLoop, readLoopRun } from './loop-folder';
import { conditions, pairedRows } from './loop-paired';
import { seedTable, type Evaluated, type Pair } from './seed-table';
import { table } from './summary';

const help = `Usage: npm run cli -- compare A B [A2 B2 ...] [--iteration L]
       npm run cli -- compare --base A [A2 ...] [--iteration L]

Folders of loops, as \`loop --out\` writes them, in pairs that were judged by the same held-out questions: B minus A, question by question,
for each pair and for all of them. Give pairs of several seeds to see whether a difference stays when agents are trained anew: the second
table has the difference of each, their mean with the spread between seeds (sd), and Student's 95 % interval over seeds.

With --base, loops by themselves: each minus its own start, before any training.

  --iteration L    whose evaluation is compared (the last one)
  --help           show this`;

async function evaluated(dir: string, wanted: number | null): Promise<Evaluated> {
  const { start, iterations } = foldLoopAll(await readLoop(dir));
  const measured = iterations.filter(it => it.measured && (wanted === null || it.iteration === wanted)).at(-1)?.measured;
  if (!start || !measured) throw new CliError(`the loop in ${dir} has no evaluation${wanted === null ? '' : ` of iteration ${wanted}`}.`);
  const events = await readLoopRun(dir, measured.run);
  if (!events) throw new CliError(`the evaluation ${measured.run} is not in ${dir}.`);
  const strategies = measured.measures.uniqueStrategies[0].mean;
  return { title: start.title, loop: start.loop, seed: start.config.seed, state: foldAll(events), strategies };
}

const questions = ({ state }: Evaluated): string => state.start!.questions.map(({ qid }) => qid).join('\n');

async function pair(a: string, b: string, wanted: number | null): Promise<Pair> {
  const both = await Promise.all([evaluated(a, wanted), evaluated(b, wanted)]);
  if (questions(both[0]) !== questions(both[1]))
    throw new CliError(`${a} and ${b} were judged by other held-out questions: their numbers cannot be set against each other.`);
  return both;
}

async function inPairs(dirs: readonly string[], wanted: number | null): Promise<Pair[]> {
  if (!dirs.length || dirs.length % 2) throw new CliError(`give folders in pairs.\n\n${help}`, 2);
  const pairs: Pair[] = [];
  for (let i = 0; i < dirs.length; i += 2) pairs.push(await pair(dirs[i]!, dirs[i + 1]!, wanted));
  return pairs;
}

async function sinceBase(dirs: readonly string[], wanted: number | null): Promise<Pair[]> {
  if (!dirs.length) throw new CliError(`give a folder.\n\n${help}`, 2);
  const pairs: Pair[] = [];
  for (const dir of dirs) pairs.push([await evaluated(dir, 0), await evaluated(dir, wanted)]);
  return pairs;
}

/** Pairs of loops, B minus A; p are adjusted over the two votes of each table. */
export async function compare(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    options: { iteration: { type: 'string' }, base: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  if (values.help) return console.log(help);
  const wanted = values.iteration === undefined ? null : Number(values.iteration);
  if (wanted !== null && (!Number.isInteger(wanted) || wanted < 0)) throw new CliError('--iteration must be a whole number.', 2);
  const pairs = await (values.base ? sinceBase(positionals, wanted) : inPairs(positionals, wanted));
  const names = pairs.map(([a, b]) => `${a.loop} ${b.loop}`);
  if (new Set(names).size < names.length) throw new CliError('the same two loops are given twice: their questions would count twice.', 2);
  const runs = pairs.map(([a, b]) => [a.state, b.state] as const);
  console.log(pairs.map(([a, b]) => `${b.title}  minus  ${values.base ? 'its base' : a.title}`).join('\n'));
  const all = conditions.map(condition => compareAll(runs, condition));
  console.log(`\n${table([[`n ${all[0]!.n} questions`, 'points, 95 %', 'won', 'lost', 'p'], ...pairedRows(all)])}`);
  console.log('Paired by question: bootstrap over questions; for votes also the exact McNemar p, adjusted for two (Holm).');
  console.log(`\n${seedTable(pairs)}`);
}
