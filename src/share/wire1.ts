// Wire format `r1`: one debated question. Frozen: links made with it stay readable for ever; a change of meaning gets a new tag.
import * as v from 'valibot';
import type { RunConfig } from '../debate/config';

const text = v.pipe(v.string(), v.maxLength(200_000));
const whole = v.pipe(v.number(), v.safeInteger());
const count = v.pipe(whole, v.minValue(0));
/** Index into `s`: only turns that stand before this one. */
const turnIndex = count;

/** The order of these lists is part of the format. */
export const roles = ['generator', 'critic', 'summariser'] as const;
export const finishes = ['stop', 'length'] as const;

/** Settings that a link leaves out when they have this value; not the page's defaults, which may change. */
export const left: Partial<RunConfig> = {
  schema: 1,
  base: { kind: 'builtin', id: 'abacus' },
  task: 'arithmetic',
  difficulty: 'standard',
  seats: Array.from({ length: 3 }, () => ({ generator: null, critic: null })),
  rounds: 2,
  order: 'sync',
  share: 'summary',
  summariser: 'base',
  seeOwn: true,
  maxPeers: null,
  peerOrder: 'shuffled',
  minVotes: null,
  tieTrain: 'drop',
  tieEval: 'random',
  equality: 'numeric',
  promptSet: 'builtin',
  sampling: { temperature: 1, topK: 0, topP: 1, minP: 0, maxNewTokens: 160 },
  summarySampling: { temperature: 0, topK: 0, topP: 1, minP: 0, maxNewTokens: 160 },
  retries: 2,
};

/** [template (index into `k`), own turns, peers' turns, summary (0 = none, else index + 1)] */
const prompt = v.tuple([count, v.array(turnIndex), v.array(turnIndex), count]);

const turn = v.tuple([
  count, // agent
  count, // round
  v.pipe(count, v.maxValue(2)), // role, in `roles`
  text,
  v.union([v.literal(0), v.tuple([text, count, count])]), // answer: key, start, end in `text`; 0 = unparsed
  v.pipe(count, v.maxValue(1)), // finish, in `finishes`
  count, // prompt tokens
  count, // new tokens
  count, // whole milliseconds
  prompt,
  text, // length of each token's text, one character each (`lengths.ts`); empty = not kept
  count, // adapter: 0 = base, else index into `k`, + 1
  count, // attempt
]);

const failure = v.tuple([count, count, v.pipe(count, v.maxValue(2)), text, text, text]); // agent, round, role, code, message, hint

export const wire1 = v.object({
  /** Title, date, app. */
  t: text,
  a: text,
  p: text,
  /** Settings that differ from `left`. */
  c: v.record(v.string(), v.unknown()),
  /** Engine; `base` only where it differs from the settings'. */
  e: v.object({ h: text, y: text, d: text, r: text, n: count, b: v.optional(v.unknown()) }),
  q: v.object({
    i: text,
    k: text,
    s: text,
    x: text,
    t: v.nullable(text),
    d: v.optional(text),
    /** Hash of the text, where it is not the one this text has. */
    h: v.optional(text),
  }),
  /** Names that turns refer to: templates, adapters. */
  k: v.array(text),
  s: v.array(turn),
  g: v.optional(v.array(failure)),
  /** The decision. */
  v: v.optional(v.unknown()),
  /** When the run ended. */
  f: v.optional(text),
  /** Check over the prompts' hashes, which are rebuilt; or all hashes, where they cannot be. */
  h: v.union([text, v.array(text)]),
  /** What was left out: 'answers' = all text but the answers. */
  x: v.optional(v.literal('answers')),
});
export type Wire1 = v.InferOutput<typeof wire1>;
export type WireTurn = Wire1['s'][number];
