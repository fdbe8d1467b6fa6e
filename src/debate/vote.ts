// How answers become a decision. The same counts serve two readers: evaluation (winner) and training (label).
import { seededOrder } from '../tasks/hash';
import type { Key } from '../tasks/question';
import type { RunConfig, TieEval, TieTrain } from './config';
import type { Vote } from './events';

export type VoteRule = Pick<RunConfig, 'minVotes' | 'tieTrain' | 'tieEval' | 'seed'>;

/** Strict majority unless set. */
export const votesNeeded = (n: number, minVotes: number | null): number => minVotes ?? Math.floor(n / 2) + 1;

export const tieEvalWords: Record<TieEval, string> = {
  random: 'a tie is drawn by the run seed',
  earliest: 'a tie goes to the answer with more votes in the first round that sets the tied ones apart, else it is drawn',
  lexical: 'a tie goes to the answer that sorts last as text',
  abstain: 'a tie is no decision',
};
export const tieTrainWords: Record<TieTrain, string> = {
  drop: 'tied questions are dropped',
  random: 'ties are drawn by the run seed',
  lexical: 'ties go to the answer that sorts last as text',
};

/** The rule of a vote among `n` agents, in words. */
export const ruleWords = (n: number, rule: VoteRule): string =>
  `Most votes win; ${tieEvalWords[rule.tieEval]}. For training: ${votesNeeded(n, rule.minVotes)} of ${n} votes needed; ${tieTrainWords[rule.tieTrain]}.`;

/** Votes by key; unparsed answers are none. */
export function countVotes(answers: readonly (Key | null)[]): Map<Key, number> {
  const counts = new Map<Key, number>();
  for (const key of answers) if (key !== null) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}

/** Of the tied keys, those with the most votes in the first round that sets them apart. */
function earliest(tied: readonly Key[], earlier: readonly (readonly (Key | null)[])[]): Key[] {
  let left = [...tied];
  for (const round of earlier) {
    const counts = countVotes(round);
    const best = Math.max(...left.map(key => counts.get(key) ?? 0));
    left = left.filter(key => (counts.get(key) ?? 0) === best);
    if (left.length === 1) break;
  }
  return left;
}

/**
 * @param answers [agents] keys of one round; null = unparsed or failed: no vote, but part of the denominator
 * @param earlier answers of the rounds before, first round first; only tie rule `earliest` looks at them
 * @throws RangeError when there is no agent
 */
export function vote(
  at: { qid: string; round: number },
  answers: readonly (Key | null)[],
  rule: VoteRule,
  earlier: readonly (readonly (Key | null)[])[] = [],
): Vote {
  const n = answers.length;
  if (!n) throw new RangeError('a vote needs at least one agent');
  const counts = countVotes(answers);
  const top = Math.max(0, ...counts.values());
  const tied = [...counts.keys()].filter(key => counts.get(key) === top).sort();
  const tie = tied.length > 1;
  // Depends on the keys, the question and the run seed only: not on who said what first.
  const drawn = (among: readonly Key[]): Key | null => seededOrder(among, key => key, 'tie', rule.seed, at.qid, at.round)[0] ?? null;
  const last = tied.at(-1) ?? null;

  let winner = last;
  if (tie && rule.tieEval !== 'lexical')
    winner = rule.tieEval === 'abstain' ? null : drawn(rule.tieEval === 'earliest' ? earliest(tied, earlier) : tied);

  let label: Key | null = null;
  let discarded: Vote['discarded'] = null;
  if (!counts.size) discarded = 'unparsed';
  else if (top < votesNeeded(n, rule.minVotes)) discarded = 'min-votes';
  else if (tie && rule.tieTrain === 'drop') discarded = 'tie';
  else label = tie && rule.tieTrain === 'random' ? drawn(tied) : last;

  // Null prototype: a key is model output and may well spell `__proto__`.
  const byKey: Record<Key, number> = Object.assign(Object.create(null) as Record<Key, number>, {});
  for (const key of [...counts.keys()].sort()) byKey[key] = counts.get(key)!;
  const unparsed = answers.filter(key => key === null).length;
  return { ...at, counts: byKey, unparsed, n, winner, label, discarded, tie, rule: ruleWords(n, rule) };
}
