// `sets`: what the Data screen does, without a page: a finished run becomes training sets and files for a trainer.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { collectSets } from '../datasets/collect';
import { bundle } from '../datasets/formats/bundle';
import { formats } from '../datasets/formats/formats';
import { problemText, rules } from '../datasets/formats/problems';
import { preferencePairs } from '../datasets/pairs';
import { agentName, datasetDefaults, type TrainingSet } from '../datasets/records';
import { selectionWords } from '../datasets/selection';
import { encodeSets } from '../datasets/sets-file';
import type { RunState } from '../debate/fold';
import { openRunFile } from '../share/file';
import { CliError } from './errors';
import { flagLines, readChoice, readFlags, wrongIn, type Flags } from './flags';
import { setFlags, setOptions } from './loop-set-options';
import { table } from './summary';

const formatIds = formats.map(({ id }) => id);

// A vote that was taken is not taken again: these belong to the debate.
const { 'min-votes': _, 'tie-train': __, ...drawn } = setFlags;

const flags = {
  run: ['string', 'FILE', 'a finished run, .run.json or .run.json.gz'],
  out: ['string', 'DIR', 'where the files are written (sets)'],
  format: ['string', formatIds.join('|'), 'rows for a trainer elsewhere (chat)'],
  base: ['string', 'NAME', 'model to train, as the trainer knows it (the one that debated)'],
  ...drawn,
  seed: ['string', 'S', 'the same seed draws the same rows (1)'],
  help: ['boolean', '', 'show this'],
} as const satisfies Flags;

const help = `Usage: npm run cli -- sets --run FILE [options]

${flagLines(flags, 51)}

DIR gets sets.json, which the page imports whole, and a file of rows per agent with settings and commands beside it.`;

const wrong = wrongIn('sets');

async function openRun(path: string): Promise<RunState> {
  try {
    return (await openRunFile(new Uint8Array(readFileSync(path)))).state;
  } catch (error) {
    const { message, hint } = error as { message: string; hint?: string };
    throw new CliError([`cannot read a run from ${path}: ${message}`, hint].filter(Boolean).join(' '));
  }
}

const setTable = (sets: readonly TrainingSet[]): string =>
  table([
    ['set', 'rows', 'corrected', 'kept', 'w', 'not drawn', 'sha256'],
    ...sets.map(({ header: { role, agent, size, minus, plus, wRealised, unused, sha256 } }) => [
      agentName(role, agent),
      String(size),
      ...(role === 'critic' ? [String(minus), String(plus), wRealised?.toFixed(2) ?? '–'] : ['', '', '']),
      String(unused),
      size ? sha256.slice(0, 8) : '',
    ]),
  ]);

export async function sets(args: string[]): Promise<void> {
  const values = readFlags(args, flags, wrong);
  if (values.help) return console.log(help);
  if (typeof values.run !== 'string') throw wrong('--run names the run that sets are made from.');
  const format = readChoice(values, 'format', formatIds, wrong) ?? 'chat';
  const seed = Number(values.seed ?? datasetDefaults.seed);
  if (!Number.isSafeInteger(seed) || seed < 0) throw wrong(`--seed takes a whole number, not "${values.seed}".`);
  const run = await openRun(values.run);
  const { datasets } = setOptions(values, { datasets: { ...datasetDefaults, seed }, debate: run.start!.config }, wrong);

  const made = await collectSets(run, datasets, { iteration: 1 });
  const full = made.filter(({ header }) => header.size > 0);
  const other = selectionWords(datasets.selection);
  console.log(setTable(made));
  for (const { header } of made)
    if (header.skipped) console.log(`${agentName(header.role, header.agent)} is not trained: ${header.skipped}.`);
  if (other) console.log(`Rows: ${other}.`);
  if (!full.length) throw new CliError('no agent has anything to learn from this run; nothing was written.');

  const rows = full.map(({ header: { role, agent }, rows }) => ({
    agent: agentName(role, agent),
    rows,
    pairs: preferencePairs(run, role, agent, seed),
  }));
  const { files, problems } = bundle(format, rows, typeof values.base === 'string' ? values.base : run.start!.engine.base.id);
  for (const { file, found } of problems) console.error(`${file}, ${problemText(found)} (rule: ${rules[found.rule]})`);
  const out = String(values.out ?? 'sets');
  for (const [path, text] of Object.entries({ 'sets.json': encodeSets(made), ...files })) {
    mkdirSync(dirname(join(out, path)), { recursive: true });
    writeFileSync(join(out, path), text);
  }
  console.log(`\nWritten to ${out}: ${Object.keys(files).length + 1} files.`);
}
