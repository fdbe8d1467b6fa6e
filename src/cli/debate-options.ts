// Command line of `debate`: flags in, a checked configuration and questions out.
import { parseArgs, type ParseArgsConfig } from 'node:util';

import type { ModelRef, RunConfig } from '../debate/config';
import { defaultConfig } from '../debate/defaults';
import { limits, tooLarge } from '../debate/limits';
import { asPublished } from '../debate/published';
import { contradictions } from '../debate/setting';
import type { Question } from '../tasks/question';
import { ownQuestion, taskById } from '../tasks/tasks';
import { CliError } from './errors';
import { applySettings, readNumber, settingFlags, type Flag, type Values } from './setting-flags';

const arithmetic = taskById('arithmetic');

const preset = 'as-published';

const flags: Readonly<Record<string, Flag>> = {
  questions: { type: 'string', value: 'N', about: 'How many questions (20).' },
  only: { type: 'string', value: 'QID', about: 'Of these questions, debate this one alone.' },
  ask: { type: 'string', value: 'TEXT', about: 'Debate this question instead.' },
  answer: { type: 'string', value: 'TEXT', about: 'Its right answer, if you know it.' },
  split: { type: 'string', value: 'eval|train', about: 'Which side of the held-out line the questions come from (eval).' },
  difficulty: { type: 'string', value: arithmetic.difficulties.map(({ id }) => id).join('|'), about: `(${arithmetic.defaultDifficulty})` },
  preset: { type: 'string', value: preset, about: 'Every open point as in the paper, or its code. Other flags come on top.' },
  ...settingFlags,
  model: { type: 'string', value: 'DIR', about: 'Model folder (public/models/abacus).' },
  threads: { type: 'string', value: 'N', about: 'Threads of the model (all cores).' },
  width: { type: 'string', value: 'N', about: 'Most rows per call (48).' },
  title: { type: 'string', value: 'TEXT', about: 'Name of the run.' },
  out: { type: 'string', value: 'FILE', about: 'Where the run is written (run.json).' },
  resume: { type: 'boolean', about: 'Go on with the interrupted run of the same --out.' },
  help: { type: 'boolean', about: 'Show this.' },
};

export const debateHelp = `Usage: npm run cli -- debate [options]

${Object.entries(flags)
  .map(([name, { value, about }]) => `  ${`--${name}${value ? ` ${value}` : ''}`.padEnd(42)} ${about}`)
  .join('\n')}

The run is kept in FILE.journal while it goes on; a run that was cut off continues with --resume.`;

export interface DebatePlan {
  config: RunConfig;
  questions: Question[];
  title: string;
  modelDir: string;
  threads: number | undefined;
  width: number;
  out: string;
  resume: boolean;
}

const wrong = (message: string): CliError => new CliError(`${message}\nnpm run cli -- debate --help lists the options.`, 2);

function oneOf<T extends string>(values: Values, name: string, options: readonly T[]): T | undefined {
  const value = values[name];
  if (value === undefined) return undefined;
  if (!options.includes(value as T)) throw wrong(`--${name} takes ${options.join(', ')}; not "${value}".`);
  return value as T;
}

const number = (values: Values, name: string, range: { min: number; max?: number }): number | undefined =>
  readNumber(values, name, range, wrong);

function read(args: string[]): Values {
  try {
    const options = Object.fromEntries(Object.entries(flags).map(([name, { type }]) => [name, { type }])) as ParseArgsConfig['options'];
    return parseArgs({ args, options, strict: true, allowPositionals: false }).values as Values;
  } catch (error) {
    throw wrong((error as Error).message.split('. To specify')[0]!);
  }
}

function questionsOf(values: Values, config: RunConfig): Question[] {
  if (typeof values.ask === 'string') {
    if (values.questions !== undefined || values.difficulty !== undefined)
      throw wrong('--ask stands alone: no --questions and no --difficulty with it.');
    return [ownQuestion(values.ask, typeof values.answer === 'string' ? values.answer : null, config.equality)];
  }
  if (values.answer !== undefined) throw wrong('--answer belongs to --ask.');
  const count = number(values, 'questions', { min: 1, max: limits.questions }) ?? 20;
  const split = oneOf(values, 'split', ['eval', 'train']) ?? 'eval';
  const questions = taskById(config.task).questions!({ split, count, seed: config.seed, difficulty: config.difficulty });
  if (values.only === undefined) return questions;
  const one = questions.filter(({ qid }) => qid === values.only);
  if (!one.length) throw wrong(`--only ${values.only} is none of these questions.`);
  return one;
}

/**
 * @returns null when help was asked for
 * @throws CliError for anything that cannot be meant
 */
export function debatePlan(args: string[], builtinDir: string): DebatePlan | null {
  const values = read(args);
  if (values.help) return null;
  const modelDir = typeof values.model === 'string' ? values.model : builtinDir;
  const name =
    modelDir
      .replace(/[/\\]+$/, '')
      .split(/[/\\]/)
      .at(-1) || modelDir;
  const base: ModelRef = modelDir === builtinDir ? { kind: 'builtin', id: name } : { kind: 'local', id: name };
  const defaults = defaultConfig(base);
  const own = typeof values.ask === 'string';
  const published = oneOf(values, 'preset', [preset]) !== undefined;
  const difficulty = oneOf(
    values,
    'difficulty',
    arithmetic.difficulties.map(({ id }) => id),
  );
  const start: RunConfig = {
    ...(published ? asPublished(defaults) : defaults),
    ...(own ? { task: 'own', equality: taskById('own').equality } : {}),
    ...(own ? { difficulty: '' } : difficulty === undefined ? {} : { difficulty }),
  };
  const config = applySettings(start, values, wrong);
  const [odd] = contradictions(config);
  if (odd) throw wrong(odd.problem);
  let questions: Question[];
  try {
    questions = questionsOf(values, config);
  } catch (error) {
    throw error instanceof RangeError ? wrong(error.message) : error;
  }
  const large = tooLarge(config, questions.length);
  if (large) throw wrong(large);
  const society = `${config.seats.length} ${config.seats.length === 1 ? 'agent' : 'agents'}, ${config.rounds} ${config.rounds === 1 ? 'round' : 'rounds'}`;
  const subject = questions.length === 1 ? questions[0]!.text.slice(0, 60) : `${questions.length} questions, ${config.difficulty}`;
  return {
    config,
    questions,
    title: typeof values.title === 'string' ? values.title.slice(0, 200) : `${subject} · ${society}`,
    modelDir,
    threads: number(values, 'threads', { min: 1, max: 256 }),
    width: number(values, 'width', { min: 1, max: 4096 }) ?? 48,
    out: typeof values.out === 'string' ? values.out : 'run.json',
    resume: values.resume === true,
  };
}
