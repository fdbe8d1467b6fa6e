// A debate as what was asked of whom, readable in the address: `recipe=1&ask=…&agents=3&rounds=2&seed=1`. It holds no text of any agent; whoever
// opens it asks anew, and with the same model, seed and device is told the same.
import * as v from 'valibot';
import type { RunConfig, Sampling } from '../debate/config';
import { config as configSchema, issueText, question as questionSchema } from '../debate/schema';
import type { Question } from '../tasks/question';
import { textHash } from '../tasks/tasks';
import { ShareError } from './errors';
import { left } from './wire1';

export interface Recipe {
  config: RunConfig;
  question: Question;
}

/** Settings with one value each, under the names they have in the record. */
const plain = [
  'difficulty',
  'rounds',
  'order',
  'share',
  'summariser',
  'seeOwn',
  'maxPeers',
  'peerOrder',
  'minVotes',
  'tieTrain',
  'tieEval',
  'equality',
  'promptSet',
  'seed',
  'retries',
] as const;
const samplings = ['sampling', 'summarySampling'] as const;
/** Always written, so that the address can be read without knowing what is left out. */
const always: ReadonlySet<string> = new Set(['rounds', 'seed']);

/** What may stand in a fragment as it is stays readable; the rest is escaped. */
const escaped = (text: string): string => encodeURIComponent(text).replace(/%(?:2B|3A|2C|3D|3F)/g, decodeURIComponent);

/** Behind the `#`. Null for a society of trained agents or a model that lies on one computer: they are not to be had by a name. */
export function encodeRecipe({ config, question }: Recipe): string | null {
  const { base, seats } = config;
  if (base.kind !== 'builtin' || seats.some(({ generator, critic }) => generator !== null || critic !== null)) return null;
  const fields: [string, string][] = [
    ['recipe', '1'],
    ['ask', question.text],
    ['id', question.qid],
    ...(question.truth === null ? [] : ([['answer', question.truth]] as [string, string][])),
    ['task', question.task],
    ['split', question.split],
    ['model', base.id],
    ['agents', String(seats.length)],
  ];
  for (const name of plain) if (always.has(name) || config[name] !== left[name]) fields.push([name, String(config[name])]);
  for (const name of samplings)
    for (const [key, value] of Object.entries(config[name]) as [keyof Sampling, number][])
      if (value !== left[name]![key]) fields.push([`${name}.${key}`, String(value)]);
  return fields.map(([name, value]) => `${name}=${escaped(value)}`).join('&');
}

const invalid = (message: string) => new ShareError('invalid', message, 'The link may have been cut or edited; ask for it again.');

/** A value as typed: numbers, yes and no, nothing, or a word. */
function valueOf(text: string): string | number | boolean | null {
  if (text === 'null') return null;
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?\d+(?:\.\d+)?(?:e-?\d+)?$/.test(text) ? Number(text) : text;
}

/** @param fields as `parseHash` read them @throws ShareError */
export function decodeRecipe(fields: ReadonlyMap<string, string>): Recipe {
  const version = fields.get('recipe');
  if (version !== '1')
    throw /^\d+$/.test(version ?? '')
      ? new ShareError('newer', 'This recipe was made by a newer version of Polylogue.', 'Reload this page to update it.')
      : invalid('The link holds no recipe.');
  const text = (name: string): string => fields.get(name) ?? '';
  const agents = Number(text('agents'));
  if (!Number.isInteger(agents) || agents < 1 || agents > 26) throw invalid('A recipe names 1 to 26 agents.');
  const given = (name: string): object => {
    const value = fields.get(name);
    return value === undefined ? {} : { [name.slice(name.indexOf('.') + 1)]: name === 'difficulty' ? value : valueOf(value) };
  };
  const sampled = (name: (typeof samplings)[number]): object =>
    Object.assign({}, left[name], ...Object.keys(left[name]!).map(key => given(`${name}.${key}`))) as object;
  const config = v.safeParse(
    configSchema,
    {
      ...left,
      ...Object.assign({}, ...plain.map(given)),
      ...Object.fromEntries(samplings.map(name => [name, sampled(name)])),
      base: { kind: 'builtin', id: text('model') },
      task: text('task'),
      seats: Array.from({ length: agents }, () => ({ generator: null, critic: null })),
    },
    { abortEarly: true },
  );
  if (!config.success) throw invalid(`The recipe has a setting that is none (${issueText(config.issues)}).`);
  if (config.output.rounds > 26) throw invalid('A recipe names 1 to 26 rounds.');
  const question = v.safeParse(
    questionSchema,
    {
      qid: text('id'),
      task: text('task'),
      split: text('split'),
      text: text('ask'),
      textHash: textHash(text('ask')),
      truth: fields.get('answer') ?? null,
      ...(config.output.difficulty === '' ? {} : { difficulty: config.output.difficulty }),
    },
    { abortEarly: true },
  );
  if (!question.success || question.output.text.trim() === '') throw invalid('The recipe asks no question.');
  return { config: config.output as RunConfig, question: question.output as Question };
}
