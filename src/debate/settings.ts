// What each setting of a debate means, in words, as data: the settings panel and `--help` both read this.
import type { RunConfig } from './config';

export interface SettingOption {
  value: string | boolean | null;
  label: string;
  about: string;
  /** What the paper, or where it is silent its code, does. */
  published?: true;
}

interface SettingText {
  /** Path in `RunConfig`. */
  key: keyof RunConfig | `sampling.${keyof RunConfig['sampling']}` | `summarySampling.${keyof RunConfig['summarySampling']}`;
  label: string;
  about: string;
  group: 'society' | 'sharing' | 'decision' | 'sampling';
}

export interface ChoiceSetting extends SettingText {
  kind: 'choice';
  options: readonly SettingOption[];
}

export interface NumberSetting extends SettingText {
  kind: 'number';
  min: number;
  max: number;
  step: number;
  /** What leaving the field empty means; absent where a number is needed. */
  empty?: string;
}

export type Setting = ChoiceSetting | NumberSetting;

export const settings: readonly Setting[] = [
  {
    key: 'seats',
    kind: 'number',
    group: 'society',
    min: 1,
    max: 8,
    step: 1,
    label: 'Agents',
    about: 'How many agents answer each question. The paper has 3.',
  },
  {
    key: 'rounds',
    kind: 'number',
    group: 'society',
    min: 1,
    max: 6,
    step: 1,
    label: 'Rounds',
    about: 'Round 1 is spoken by generators, every further round by critics. One round is a plain vote. The paper has 2.',
  },
  {
    key: 'order',
    kind: 'choice',
    group: 'society',
    label: 'Order within a round',
    about: 'Whether agents of one round hear each other.',
    options: [
      { value: 'sync', label: 'At once', about: 'All agents revise at the same time; each has heard the round before.', published: true },
      { value: 'sequential', label: 'One after the other', about: 'A later agent already hears the new answers of the agents before it.' },
    ],
  },
  {
    key: 'share',
    kind: 'choice',
    group: 'sharing',
    label: 'What critics hear',
    about: 'What of the other agents’ answers reaches a critic.',
    options: [
      {
        value: 'summary',
        label: 'A summary',
        about: 'A summariser reads the other agents’ answers; the critic reads the summary.',
        published: true,
      },
      { value: 'concat', label: 'The full answers', about: 'The critic reads the other agents’ answers one after the other.' },
      { value: 'none', label: 'Nothing', about: 'Each agent checks its own answer alone.' },
    ],
  },
  {
    key: 'summariser',
    kind: 'choice',
    group: 'sharing',
    label: 'Who summarises',
    about: 'The model that writes the summaries.',
    options: [
      { value: 'base', label: 'The base model', about: 'The shared base without any adapter.', published: true },
      { value: 'self', label: 'The critic itself', about: 'The critic that will read the summary also writes it, with its own adapter.' },
    ],
  },
  {
    key: 'seeOwn',
    kind: 'choice',
    group: 'sharing',
    label: 'Own earlier answer',
    about: 'Whether a critic reads what it said before.',
    options: [
      { value: true, label: 'Shown', about: 'A critic sees its own earlier answer.', published: true },
      { value: false, label: 'Hidden', about: 'A critic sees only what the others said.' },
    ],
  },
  {
    key: 'maxPeers',
    kind: 'number',
    group: 'sharing',
    min: 1,
    max: 7,
    step: 1,
    empty: 'all of them',
    label: 'Peers heard',
    about: 'At most this many other agents reach a critic.',
  },
  {
    key: 'peerOrder',
    kind: 'choice',
    group: 'sharing',
    label: 'Order of peers',
    about: 'In which order the other agents are quoted.',
    options: [
      { value: 'shuffled', label: 'Shuffled', about: 'Drawn by the run seed for every critic and question.', published: true },
      { value: 'fixed', label: 'By letter', about: 'A, B, C…' },
    ],
  },
  {
    key: 'tieEval',
    kind: 'choice',
    group: 'decision',
    label: 'Tied vote',
    about: 'Which answer a debate gives when several have the most votes.',
    options: [
      { value: 'random', label: 'Drawn', about: 'One of the tied answers, by the run seed.', published: true },
      {
        value: 'earliest',
        label: 'Earliest',
        about: 'The tied answer with more votes in the first round that sets them apart; drawn if none does.',
      },
      { value: 'lexical', label: 'Last as text', about: 'The tied answer that sorts last as text.' },
      { value: 'abstain', label: 'Abstain', about: 'No answer, which counts as wrong.' },
    ],
  },
  {
    key: 'minVotes',
    kind: 'number',
    group: 'decision',
    min: 1,
    max: 8,
    step: 1,
    empty: 'a strict majority',
    label: 'Votes for a label',
    about: 'Votes an answer needs before agents may be trained on it. The paper asks for none: 1 of 3 becomes a label.',
  },
  {
    key: 'tieTrain',
    kind: 'choice',
    group: 'decision',
    label: 'Tied label',
    about: 'What becomes of a question whose top answers are tied, when agents are trained.',
    options: [
      { value: 'drop', label: 'Drop it', about: 'No agent is trained on the question.' },
      { value: 'random', label: 'Draw one', about: 'One of the tied answers, by the run seed.' },
      { value: 'lexical', label: 'Last as text', about: 'The tied answer that sorts last as text.', published: true },
    ],
  },
  {
    key: 'equality',
    kind: 'choice',
    group: 'decision',
    label: 'Equal answers',
    about: 'When two answers count as the same. Vote, consensus and grading all use it.',
    options: [
      { value: 'numeric', label: 'Numbers', about: '1/2 = 0.5 = 2/4, 1,234 = 1234, 12% = 0.12; a unit after the number is ignored.' },
      { value: 'latex', label: 'Mathematics', about: 'Numbers as numbers; otherwise LaTeX with spacing ignored, brackets and units kept.' },
      { value: 'choice', label: 'Letter', about: 'One letter: B = (b) = “B.”' },
      { value: 'exact', label: 'Same text', about: 'The same characters, apart from runs of spaces.' },
    ],
  },
  {
    key: 'sampling.temperature',
    kind: 'number',
    group: 'sampling',
    min: 0,
    max: 2,
    step: 0.05,
    label: 'Temperature',
    about: '0 always takes the likeliest token; higher varies more.',
  },
  {
    key: 'sampling.topP',
    kind: 'number',
    group: 'sampling',
    min: 0.05,
    max: 1,
    step: 0.05,
    label: 'Top-p',
    about: 'Only the likeliest tokens that together reach this probability; 1 takes all.',
  },
  {
    key: 'sampling.topK',
    kind: 'number',
    group: 'sampling',
    min: 0,
    max: 200,
    step: 1,
    label: 'Top-k',
    about: 'Only the k likeliest tokens; 0 takes all.',
  },
  {
    key: 'sampling.minP',
    kind: 'number',
    group: 'sampling',
    min: 0,
    max: 1,
    step: 0.01,
    label: 'Min-p',
    about: 'Only tokens at least this likely, relative to the likeliest; 0 takes all.',
  },
  {
    key: 'sampling.maxNewTokens',
    kind: 'number',
    group: 'sampling',
    min: 1,
    max: 4096,
    step: 1,
    label: 'Longest answer',
    about: 'Tokens after which a response is cut off. A response cut off before its answer is unparsed.',
  },
  {
    key: 'summarySampling.temperature',
    kind: 'number',
    group: 'sampling',
    min: 0,
    max: 2,
    step: 0.05,
    label: 'Summary temperature',
    about: 'Summaries are greedy by default: they should be right rather than varied.',
  },
  {
    key: 'summarySampling.maxNewTokens',
    kind: 'number',
    group: 'sampling',
    min: 1,
    max: 4096,
    step: 1,
    label: 'Longest summary',
    about: 'Tokens after which a summary is cut off.',
  },
  {
    key: 'seed',
    kind: 'number',
    group: 'sampling',
    min: 0,
    max: 4294967295,
    step: 1,
    label: 'Seed',
    about: 'The same seed gives the same questions, the same draws and the same text.',
  },
  {
    key: 'retries',
    kind: 'number',
    group: 'sampling',
    min: 0,
    max: 5,
    step: 1,
    label: 'Retries',
    about: 'How often a failed call is repeated, with unchanged model, temperature and seed, before it counts as failed.',
  },
];
