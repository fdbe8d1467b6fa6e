// Command line of `debate`: flags in, a checked configuration and questions out.
import type { ModelRef, RunConfig } from '../debate/config';
import { defaultConfig } from '../debate/defaults';
import { limits, tooLarge } from '../debate/limits';
import { asPublished } from '../debate/published';
import { contradictions } from '../debate/setting';
import type { Question } from '../tasks/question';
import { ownQuestion, taskById } from '../tasks/tasks';
import { flagLines, readChoice, readFlags, readNumber, wrongIn, type Flags, type Values } from './flags';
import { applySettings, settingFlags } from './setting-flags';

const arithmetic = taskById('arithmetic');
const difficulties = arithmetic.difficulties.map(({ id }) => id);

const preset = 'as-published';

const flags: Flags = {
  questions: ['string', 'N', 'How many questions (20).'],
  only: ['string', 'QID', 'Of these questions, debate this one alone.'],
  ask: ['string', 'TEXT', 'Debate this question instead.'],
  answer: ['string', 'TEXT', 'Its right answer, if you know it.'],
  split: ['string', 'eval|train', 'Which side of the held-out line the questions come from (eval).'],
  difficulty: ['string', difficulties.join('|'), `(${arithmetic.defaultDifficulty})`],
  preset: ['string', preset, 'Every open point as in the paper, or its code. Other flags come on top.'],
  ...settingFlags,
  model: ['string', 'DIR', 'Model folder (public/models/abacus).'],
  threads: ['string', 'N', 'Threads of the model (all cores).'],
  width: ['string', 'N', 'Most rows per call (48).'],
  title: ['string', 'TEXT', 'Name of the run.'],
  out: ['string', 'FILE', 'Where the run is written (run.json).'],
  resume: ['boolean', '', 'Go on with the interrupted run of the same --out.'],
  help: ['boolean', '', 'Show this.'],
};

export const debateHelp = `Usage: npm run cli -- debate [options]

${flagLines(flags, 42)}

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

const wrong = wrongIn('debate');

const number = (values: Values, name: string, range: { min: number; max: number }): number | undefined =>
  readNumber(values, name, range, wrong);

function questionsOf(values: Values, config: RunConfig): Question[] {
  if (typeof values.ask === 'string') {
    if (values.questions !== undefined || values.difficulty !== undefined)
      throw wrong('--ask stands alone: no --questions and no --difficulty with it.');
    return [ownQuestion(values.ask, typeof values.answer === 'string' ? values.answer : null, config.equality)];
  }
  if (values.answer !== undefined) throw wrong('--answer belongs to --ask.');
  const count = number(values, 'questions', { min: 1, max: limits.questions }) ?? 20;
  const split = readChoice(values, 'split', ['eval', 'train'], wrong) ?? 'eval';
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
  const values = readFlags(args, flags, wrong);
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
  const published = readChoice(values, 'preset', [preset], wrong) !== undefined;
  const difficulty = readChoice(values, 'difficulty', difficulties, wrong);
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
