// Command line of `debate`: flags in, a checked configuration and questions out.
import { parseArgs, type ParseArgsConfig } from 'node:util';

import { defaultConfig, baseSeats } from '../debate/defaults';
import type { ModelRef, RunConfig } from '../debate/config';
import { promptSets } from '../debate/templates';
import type { Question } from '../tasks/question';
import { ownQuestion, taskById, tasks } from '../tasks/tasks';
import { CliError } from './errors';

interface Flag {
  type: 'string' | 'boolean';
  /** Shown after the flag in `--help`. */
  value?: string;
  about: string;
}

const arithmetic = taskById('arithmetic');

const flags = {
  questions: { type: 'string', value: 'N', about: 'how many questions (20)' },
  only: { type: 'string', value: 'QID', about: 'of these questions, debate this one alone' },
  ask: { type: 'string', value: 'TEXT', about: 'debate this question instead' },
  answer: { type: 'string', value: 'TEXT', about: 'its right answer, if you know it' },
  split: { type: 'string', value: 'eval|train', about: 'which side of the held-out line the questions come from (eval)' },
  difficulty: { type: 'string', value: arithmetic.difficulties.map(({ id }) => id).join('|'), about: `(${arithmetic.defaultDifficulty})` },
  agents: { type: 'string', value: 'N', about: 'agents, from 1 (3)' },
  rounds: { type: 'string', value: 'M', about: 'rounds, from 1 (2); one round is a plain vote' },
  share: { type: 'string', value: 'summary|concat|none', about: 'what critics hear of the others (summary)' },
  order: { type: 'string', value: 'sync|sequential', about: 'whether agents of a round speak at once (sync)' },
  summariser: { type: 'string', value: 'base|self', about: 'who writes the summaries (base)' },
  'hide-own': { type: 'boolean', about: 'critics do not see their own earlier answer' },
  'max-peers': { type: 'string', value: 'N', about: 'at most so many peers are heard (all)' },
  'min-votes': { type: 'string', value: 'N', about: 'votes a label needs (strict majority)' },
  tie: { type: 'string', value: 'random|earliest|lexical|abstain', about: 'how a tied vote is decided (random)' },
  equality: { type: 'string', value: 'numeric|latex|choice|exact', about: 'when two answers are the same (numeric; latex with --ask)' },
  prompts: {
    type: 'string',
    value: promptSets.map(({ id }) => id).join('|'),
    about: 'wording of the prompts (builtin; default for other models)',
  },
  temperature: { type: 'string', value: 'T', about: 'sampling temperature, 0 is greedy (1)' },
  'top-p': { type: 'string', value: 'P', about: 'sampling top-p (1; 0.9 for other models)' },
  'top-k': { type: 'string', value: 'K', about: 'sampling top-k, 0 is off (0)' },
  'max-tokens': { type: 'string', value: 'N', about: 'longest answer in tokens (160; 512 for other models)' },
  'summary-tokens': { type: 'string', value: 'N', about: 'longest summary in tokens (160; 256 for other models)' },
  seed: { type: 'string', value: 'S', about: 'questions, draws and shuffles all follow from it (1)' },
  retries: { type: 'string', value: 'N', about: 'repeats of a failed call, unchanged (2)' },
  model: { type: 'string', value: 'DIR', about: 'model folder (public/models/abacus)' },
  threads: { type: 'string', value: 'N', about: 'threads of the model (all cores)' },
  width: { type: 'string', value: 'N', about: 'most rows per call (48)' },
  title: { type: 'string', value: 'TEXT', about: 'name of the run' },
  out: { type: 'string', value: 'FILE', about: 'where the run is written (run.json)' },
  resume: { type: 'boolean', about: 'go on with the interrupted run of the same --out' },
  help: { type: 'boolean', about: 'show this' },
} as const satisfies Record<string, Flag>;

export const debateHelp = `Usage: npm run cli -- debate [options]

${Object.entries<Flag>(flags)
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

type Values = Partial<Record<keyof typeof flags, string | boolean>>;

const wrong = (message: string): CliError => new CliError(`${message}\nnpm run cli -- debate --help lists the options.`, 2);

function number(
  values: Values,
  name: keyof typeof flags,
  { min, max = Infinity, whole = true }: { min: number; max?: number; whole?: boolean },
): number | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  const value = Number(text);
  const kind = whole ? 'a whole number' : 'a number';
  if (String(text).trim() === '' || !Number.isFinite(value) || (whole && !Number.isInteger(value)) || value < min || value > max)
    throw wrong(`--${name} takes ${kind} ${max === Infinity ? `from ${min}` : `from ${min} to ${max}`}, not "${text}".`);
  return value;
}

function oneOf<T extends string>(values: Values, name: keyof typeof flags, options: readonly T[]): T | undefined {
  const value = values[name];
  if (value === undefined) return undefined;
  if (!options.includes(value as T)) throw wrong(`--${name} takes ${options.join(', ')}; not "${value}".`);
  return value as T;
}

/** Only what was given, so that defaults stay in one place. */
function given<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}

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
  const count = number(values, 'questions', { min: 1, max: 10_000 }) ?? 20;
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
  const agents = number(values, 'agents', { min: 1, max: 64 });
  const config: RunConfig = {
    ...defaults,
    ...given({
      task: own ? 'own' : undefined,
      difficulty: own
        ? ''
        : oneOf(
            values,
            'difficulty',
            arithmetic.difficulties.map(({ id }) => id),
          ),
      seats: agents === undefined ? undefined : baseSeats(agents),
      rounds: number(values, 'rounds', { min: 1, max: 32 }),
      share: oneOf(values, 'share', ['summary', 'concat', 'none']),
      order: oneOf(values, 'order', ['sync', 'sequential']),
      summariser: oneOf(values, 'summariser', ['base', 'self']),
      seeOwn: values['hide-own'] ? false : undefined,
      maxPeers: number(values, 'max-peers', { min: 1, max: 64 }),
      minVotes: number(values, 'min-votes', { min: 1, max: 64 }),
      tieEval: oneOf(values, 'tie', ['random', 'earliest', 'lexical', 'abstain']),
      equality:
        oneOf(values, 'equality', ['numeric', 'latex', 'choice', 'exact']) ??
        (own ? tasks.find(({ id }) => id === 'own')!.equality : undefined),
      promptSet: oneOf(
        values,
        'prompts',
        promptSets.map(({ id }) => id),
      ),
      seed: number(values, 'seed', { min: 0, max: 2 ** 32 - 1 }),
      retries: number(values, 'retries', { min: 0, max: 20 }),
    }),
    sampling: {
      ...defaults.sampling,
      ...given({
        temperature: number(values, 'temperature', { min: 0, max: 10, whole: false }),
        topP: number(values, 'top-p', { min: 0.01, max: 1, whole: false }),
        topK: number(values, 'top-k', { min: 0 }),
        maxNewTokens: number(values, 'max-tokens', { min: 1 }),
      }),
    },
    summarySampling: { ...defaults.summarySampling, ...given({ maxNewTokens: number(values, 'summary-tokens', { min: 1 }) }) },
  };
  let questions: Question[];
  try {
    questions = questionsOf(values, config);
  } catch (error) {
    throw error instanceof RangeError ? wrong(error.message) : error;
  }
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
