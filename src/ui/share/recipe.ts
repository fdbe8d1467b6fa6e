// The settings of a run as a command: what somebody types to ask the same question afresh.
import type { RunConfig } from '../../debate/config';
import { defaultConfig } from '../../debate/defaults';
import type { Question } from '../../tasks/question';

/** For a POSIX shell. The text comes from a run, so nothing in it may end the quotes. */
export const quoted = (text: string): string => `'${text.replace(/[\r\n]+/g, ' ').replaceAll("'", `'\\''`)}'`;

const flags: [name: string, value: (config: RunConfig) => string | number | boolean | null][] = [
  ['agents', config => config.seats.length],
  ['rounds', config => config.rounds],
  ['share', config => config.share],
  ['order', config => config.order],
  ['summariser', config => config.summariser],
  ['hide-own', config => !config.seeOwn],
  ['max-peers', config => config.maxPeers],
  ['min-votes', config => config.minVotes],
  ['tie', config => config.tieEval],
  ['equality', config => config.equality],
  ['prompts', config => config.promptSet],
  ['temperature', config => config.sampling.temperature],
  ['top-p', config => config.sampling.topP],
  ['top-k', config => config.sampling.topK],
  ['max-tokens', config => config.sampling.maxNewTokens],
  ['seed', config => config.seed],
];

/** Always named, so that the command can be read without knowing the defaults. */
const always: ReadonlySet<string> = new Set(['agents', 'rounds', 'seed', 'equality']);

export function recipe(config: RunConfig, question: Question): string {
  const defaults = defaultConfig(config.base);
  const parts = ['npm run cli -- debate', `--ask ${quoted(question.text)}`];
  if (question.truth !== null) parts.push(`--answer ${quoted(question.truth)}`);
  for (const [name, value] of flags) {
    const now = value(config);
    if (now === null || now === false || (now === value(defaults) && !always.has(name))) continue;
    parts.push(now === true ? `--${name}` : `--${name} ${now}`);
  }
  return parts.join(' ');
}
