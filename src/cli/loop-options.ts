// Command line of `loop`: a preset or a file, changed by flags, becomes a checked configuration.
import { basename, resolve } from 'node:path';

import { baseSeats, spokenWith } from '../debate/defaults';
import { limits, tooLarge } from '../debate/limits';
import { presetById, presets } from '../experiment/presets';
import { societies, type LoopConfig } from '../experiment/records';
import { taskById } from '../tasks/tasks';
import { flagLines, readChoice, readFlags, readNumber, wrongIn, type Flags } from './flags';
import { configFromFile } from './loop-config-file';
import { setFlags, setOptions, type SetFlag } from './loop-set-options';

const presetIds = presets.map(({ id }) => id);
const difficulties = taskById('arithmetic').difficulties.map(({ id }) => id);

const flags = {
  preset: ['string', presetIds.join('|'), 'a ready-made loop (gentle)'],
  config: ['string', 'FILE', 'a configuration as JSON: whole, or what differs from its "preset"'],
  out: ['string', 'DIR', 'folder of the loop, made when it is not there (loop)'],
  resume: ['boolean', '', 'go on with the loop in --out; with --iterations beyond its own, go on further'],
  iterations: ['string', 'L', 'iterations after the base'],
  train: ['string', 'N', 'training questions'],
  eval: ['string', 'N', 'held-out questions'],
  difficulty: ['string', difficulties.join('|'), 'of the questions'],
  agents: ['string', 'N', 'agents; N generators and N critics are trained'],
  rounds: ['string', 'M', 'rounds of a debate'],
  ...setFlags,
  society: ['string', societies.join('|'), 'who is trained: every agent by itself, or as a control one model that speaks as all'],
  seed: ['string', 'S', 'questions, draws, sets and training all follow from it'],
  'keep-going': ['boolean', '', 'an agent whose training fails keeps its previous weights, and the loop goes on'],
  'by-hand': ['boolean', '', 'train nothing: lay the sets into OUT/by-hand, and go on with the weights that were put there'],
  'any-base': ['boolean', '', 'weights that name another base than the model are used all the same'],
  model: ['string', 'DIR', 'model folder (public/models/abacus)'],
  threads: ['string', 'N', 'cores: threads of the model, trainings side by side (all)'],
  width: ['string', 'N', 'most rows per call of the model (192)'],
  title: ['string', 'TEXT', 'name of the loop'],
  lean: ['boolean', '', 'leave token ends and probabilities out of the runs: a third of the size, no streaming in replay'],
  help: ['boolean', '', 'show this'],
} as const satisfies Flags;

type Flag = keyof typeof flags;

export const loopHelp = `Usage: npm run cli -- loop [options]

${flagLines(flags, 51)}

Presets:
${presets.map(({ id, about, cost }) => `  ${id.padEnd(10)} ${about}\n  ${''.padEnd(10)} Takes: ${cost}.`).join('\n')}

Everything is kept in --out as it happens; a loop that was cut off continues with --resume.`;

export interface LoopCommand {
  /** null: the loop in `out` is to be gone on with, under its own configuration. */
  config: LoopConfig | null;
  /** How far to go, when asked for. */
  iterations: number | undefined;
  onFailure: 'keep' | undefined;
  anyBase: boolean;
  /** Somebody else trains. */
  byHand: boolean;
  out: string;
  modelDir: string;
  threads: number | undefined;
  width: number;
  title: string | null;
  lean: boolean;
}

const wrong = wrongIn('loop');

/** Flags that say what a new loop is; a loop that exists has its own answers. */
const settingFlags: Flag[] = [
  'preset',
  'config',
  'train',
  'eval',
  'difficulty',
  'agents',
  'rounds',
  ...(Object.keys(setFlags) as SetFlag[]),
  'society',
  'seed',
  'title',
];

/**
 * @returns null when help was asked for
 * @throws CliError for anything that cannot be meant
 */
export function loopCommand(args: string[], builtinDir: string): LoopCommand | null {
  const values = readFlags(args, flags, wrong);
  if (values.help) return null;
  const number = (name: Flag, min: number, max: number): number | undefined => readNumber(values, name, { min, max }, wrong);
  const iterations = number('iterations', 1, 1000);
  const rest = {
    iterations,
    onFailure: values['keep-going'] ? ('keep' as const) : undefined,
    anyBase: values['any-base'] === true,
    byHand: values['by-hand'] === true,
    out: String(values.out ?? 'loop'),
    modelDir: String(values.model ?? builtinDir),
    threads: number('threads', 1, 256),
    width: number('width', 1, 4096) ?? 192,
    title: typeof values.title === 'string' ? values.title.slice(0, 200) : null,
    lean: values.lean === true,
  };
  if (values.resume) {
    const given = settingFlags.filter(name => values[name] !== undefined);
    if (given.length) throw wrong(`--resume goes on with a loop as it was begun: no ${given.map(name => `--${name}`).join(', ')} with it.`);
    return { ...rest, config: null };
  }
  if (values.preset !== undefined && values.config !== undefined) throw wrong('--preset and --config exclude each other.');
  const preset = readChoice(values, 'preset', presetIds, wrong) ?? 'gentle';
  const base = values.config === undefined ? presetById(preset).config : configFromFile(String(values.config));

  const own = rest.modelDir === builtinDir ? null : ({ kind: 'local', id: basename(resolve(rest.modelDir)) } as const);
  // A file says itself how its model is to be spoken with; a preset was written for the built-in one.
  const model = own === null ? {} : values.config === undefined ? spokenWith(own) : { base: own };

  const agents = number('agents', 1, limits.agents);
  const rounds = number('rounds', 1, limits.rounds);
  const seed = number('seed', 0, 2 ** 32 - 1);
  const difficulty = readChoice(values, 'difficulty', difficulties, wrong);
  const debate = {
    ...base.debate,
    ...model,
    ...(agents === undefined ? {} : { seats: baseSeats(agents) }),
    ...(rounds === undefined ? {} : { rounds }),
    ...(difficulty === undefined ? {} : { difficulty }),
    ...(seed === undefined ? {} : { seed }),
  };
  const society = readChoice(values, 'society', societies, wrong) ?? base.society;
  const sets = setOptions(values, { datasets: seed === undefined ? base.datasets : { ...base.datasets, seed }, debate }, wrong);
  const config: LoopConfig = {
    ...base,
    ...sets,
    ...(society && { society }),
    iterations: iterations ?? base.iterations,
    trainQuestions: number('train', 1, 100_000) ?? base.trainQuestions,
    evalQuestions: number('eval', 1, 100_000) ?? base.evalQuestions,
    seed: seed ?? base.seed,
    ...(rest.onFailure ? { onFailure: rest.onFailure } : {}),
  };
  // Each debate of a loop is kept as a run, which has to be opened again.
  const large = tooLarge(config.debate, Math.max(config.trainQuestions, config.evalQuestions));
  if (large) throw wrong(large);
  return { ...rest, config: { ...config, preset: nameOf(config) } };
}

/**
 * A preset keeps its name while only length, size and seed differ: those change what is known afterwards, not what is done. Its control has
 * its name, too, because it is that loop with one model in place of several.
 */
function nameOf(config: LoopConfig): string {
  const about = (one: LoopConfig): string => {
    const { debate, datasets, training, questions, startFrom } = one;
    return JSON.stringify([{ ...debate, seed: 0 }, { ...datasets, seed: 0 }, training, questions, startFrom]);
  };
  return presets.find(({ id, config: own }) => id === config.preset && about(own) === about(config))?.id ?? 'custom';
}
