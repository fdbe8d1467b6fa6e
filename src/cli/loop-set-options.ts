// Flags of `loop` that say which rows agents are trained on: every open point of the method that a set depends on.
import type { DatasetConfig, Selection } from '../datasets/records';
import { readShare } from '../datasets/share';
import type { RunConfig, TieTrain } from '../debate/config';
import { readChoice, type Flags, type Values, type Wrong } from './flags';

export const setFlags = {
  w: ['string', 'SHARE', 'share of corrected rows in a critic’s set, such as 0.5 or 2/3'],
  'critic-size': ['string', 'exact|all', 'the largest set of share w, or all rows'],
  'critic-on-empty': ['string', 'skip|other', 'a critic without one kind of rows is left as it is, or learns from the other'],
  'loss-on': ['string', 'last|all', 'a critic is trained on its last answer, or on every answer shown (as published)'],
  selection: ['string', 'consensus|cross-agent|verifier|truth', 'how rows are chosen; all but consensus are not the paper’s'],
  beta: ['string', 'SHARE', 'with --selection cross-agent: share of an agent’s own rows (0.5)'],
  'min-votes': ['string', 'N', 'votes a label needs (a strict majority; as published 1)'],
  'tie-train': ['string', 'drop|random|lexical', 'a question whose top answers are tied (drop; as published lexical)'],
} as const satisfies Flags;

export type SetFlag = keyof typeof setFlags;

/**
 * @param wrong makes the error for a value that cannot be meant
 */
export function setOptions(
  values: Values<typeof setFlags>,
  { datasets, debate }: { datasets: DatasetConfig; debate: RunConfig },
  wrong: Wrong,
): { datasets: DatasetConfig; debate: RunConfig } {
  const choice = <T extends string>(name: SetFlag, options: readonly T[], otherwise: T): T =>
    readChoice(values, name, options, wrong) ?? otherwise;
  const share = (name: 'w' | 'beta', otherwise: number): number => {
    if (values[name] === undefined) return otherwise;
    const value = readShare(String(values[name]));
    if (value === null) throw wrong(`--${name} takes a share from 0 to 1, such as 0.5 or 2/3; not "${values[name]}".`);
    return value;
  };
  const before = datasets.selection;
  const by = choice<Selection['by']>('selection', ['consensus', 'cross-agent', 'verifier', 'truth'], before.by);
  if (values.beta !== undefined && by !== 'cross-agent') throw wrong('--beta belongs to --selection cross-agent.');
  const selection: Selection =
    by === 'cross-agent' ? { by, ownShare: share('beta', before.by === 'cross-agent' ? before.ownShare : 0.5) } : { by };
  const minVotes = values['min-votes'] === undefined ? debate.minVotes : Number(values['min-votes']);
  const agents = debate.seats.length;
  if (minVotes !== null && !(Number.isInteger(minVotes) && minVotes >= 1 && minVotes <= agents))
    throw wrong(`--min-votes takes a whole number from 1 to the number of agents, ${agents}; not "${minVotes}".`);
  return {
    datasets: {
      ...datasets,
      w: share('w', datasets.w),
      criticSize: choice('critic-size', ['exact', 'all'], datasets.criticSize),
      criticOnEmpty: choice('critic-on-empty', ['skip', 'other'], datasets.criticOnEmpty),
      lossOn: choice('loss-on', ['last', 'all'], datasets.lossOn),
      selection,
    },
    debate: { ...debate, minVotes, tieTrain: choice<TieTrain>('tie-train', ['drop', 'random', 'lexical'], debate.tieTrain) },
  };
}
