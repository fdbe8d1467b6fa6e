// The pinned default of every open point (method.md §3). `settings.ts` says in words what each means.
import { defaultDifficulty } from '../tasks/arithmetic/problem';
import type { ModelRef, RunConfig, Seat } from './config';

export const builtinModel: ModelRef = { kind: 'builtin', id: 'abacus' };

/** N seats that all speak with the base itself, as every society starts. */
export const baseSeats = (count: number): Seat[] => Array.from({ length: count }, () => ({ generator: null, critic: null }));

/** Three agents, two rounds, as in the paper. A hub or local model gets room for longer answers and prompts written for such models. */
export function defaultConfig(base: ModelRef = builtinModel): RunConfig {
  const small = base.kind === 'builtin';
  return {
    schema: 1,
    base,
    task: 'arithmetic',
    difficulty: defaultDifficulty,
    seats: baseSeats(3),
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
    promptSet: small ? 'builtin' : 'default',
    // Top-p 0.9 is the paper's; the built-in model is trained to be sampled whole.
    sampling: { temperature: 1, topK: 0, topP: small ? 1 : 0.9, minP: 0, maxNewTokens: small ? 160 : 512 },
    // A summary should be right rather than varied, so it is greedy.
    summarySampling: { temperature: 0, topK: 0, topP: 1, minP: 0, maxNewTokens: small ? 160 : 256 },
    seed: 1,
    retries: 2,
  };
}

/** Prompts and sampling that suit a model, for settings that were written for another. */
export function spokenWith(base: ModelRef): Pick<RunConfig, 'base' | 'promptSet' | 'sampling' | 'summarySampling'> {
  const { promptSet, sampling, summarySampling } = defaultConfig(base);
  return { base, promptSet, sampling, summarySampling };
}
