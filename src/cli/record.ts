// `record`: the recordings that the page plays before any model is loaded. Real debates of the built-in model, made again whenever its weights change.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import type { RunFile } from '../debate/events';
import { movesOf } from '../debate/flow';
import { foldAll, type QuestionState, type RunState } from '../debate/fold';
import { voteOf } from '../debate/decide';
import { debate } from './debate';
import { CliError } from './errors';

const help = `Usage: npm run cli -- record [--questions N] [--seed S] [--dir DIR]

Writes batch.run.json (N questions, 20) and featured.run.json (one of them) to DIR (public/runs).
The featured debate is the first question of the batch whose vote is wrong or tied in round 1 and right at the end;
without such a question, the first on which agents disagreed in round 1 and the vote ended right.`;

const runOf = async (path: string): Promise<RunState> => foldAll((JSON.parse(await readFile(path, 'utf8')) as RunFile).events);

/** See the help text for the rule; `featured.ts` of the page says it beside the debate, since a chosen example proves nothing about the average. */
export function featuredQuestion(state: RunState): QuestionState | null {
  const { config } = state.start!;
  const right = [...state.questions.values()].filter(q => q.vote && !q.vote.tie && q.vote.winner === q.question.truth);
  const first = (q: QuestionState) => voteOf(config, q, 1);
  const turned = right.find(q => {
    const vote = first(q);
    return vote && (vote.tie || vote.winner !== q.question.truth) && movesOf(config, q).some(({ kind }) => kind === 'corrected');
  });
  return turned ?? right.find(q => Object.keys(first(q)?.counts ?? {}).length > 1) ?? null;
}

export async function record(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      questions: { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
      dir: { type: 'string', default: join('public', 'runs') },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return console.log(help);
  const batch = join(values.dir, 'batch.run.json');
  const featured = join(values.dir, 'featured.run.json');
  await debate([
    '--questions',
    values.questions,
    '--seed',
    values.seed,
    '--out',
    batch,
    '--title',
    `${values.questions} held-out questions`,
  ]);
  const chosen = featuredQuestion(await runOf(batch));
  if (!chosen) throw new CliError('no question of this batch makes a featured debate: try another --seed or more --questions.');
  await rm(featured, { force: true });
  // Draws follow from seed and question alone, so the debate alone says what it said in the batch.
  await debate([
    '--questions',
    values.questions,
    '--seed',
    values.seed,
    '--only',
    chosen.question.qid,
    '--out',
    featured,
    '--title',
    'One question, three agents',
  ]);
}
