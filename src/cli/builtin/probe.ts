// Quick accuracy of a checkpoint in each role, on held-out problems, by the plain sampler.
import { answer, drawProblem, questionText, type Difficulty, type Problem } from '../../tasks/arithmetic/problem';
import { agentName, revisePrompt, solvePrompt, summarisePrompt, summaryText, type Peer } from '../../tasks/arithmetic/prompts';
import { seededRandom } from '../../tasks/arithmetic/random';
import { boxed } from '../../tasks/arithmetic/steps';
import { styleOf } from '../../tasks/arithmetic/styles';
import type { Sampler } from './sampler';

export const heldOut = (difficulty: Difficulty, count: number): Problem[] => {
  const random = seededRandom(`held out ${difficulty}`);
  return Array.from({ length: count }, () => drawProblem(random, difficulty, 'eval'));
};

/** The most frequent answer; ties go to the earliest. */
export function plurality(texts: readonly string[]): number | null {
  const votes = new Map<number, number>();
  for (const text of texts) {
    const value = boxed(text);
    if (value !== null) votes.set(value, (votes.get(value) ?? 0) + 1);
  }
  let best: number | null = null;
  for (const [value, count] of votes) if (best === null || count > votes.get(best)!) best = value;
  return best;
}

/** Whether the summary gives every agent its own answer. */
export const namesEveryAnswer = (summary: string, peers: readonly Peer[]): boolean =>
  summary.startsWith(peers.map(peer => `${peer.name}: ${boxed(peer.text) ?? 'no answer'}.`).join(' '));

const share = (hits: readonly boolean[]): number => hits.filter(Boolean).length / hits.length;

export interface Probe {
  generator: number;
  majority: number;
  /** Mean number of distinct styles among three samples. */
  styles: number;
  unparsed: number;
  /** Exactly the text that follows from the solutions. */
  summaryExact: number;
  /** Every distinct answer named. */
  summaryNames: number;
  criticSummary: number;
  criticConcat: number;
  debateSummary: number;
  debateConcat: number;
}

/** Three agents, two rounds, everything sampled at temperature 1 from one model. */
export async function probe(sampler: Sampler, difficulty: Difficulty, count: number, seed: string): Promise<Probe> {
  const random = seededRandom(seed);
  const problems = heldOut(difficulty, count);
  const right = (i: number, text: string): boolean => boxed(text) === answer(problems[i]!);
  const each = <T>(make: (question: string, agent: number, problem: number) => T): T[] =>
    problems.flatMap((problem, p) => [0, 1, 2].map(agent => make(questionText(problem), agent, p)));
  const threes = (texts: readonly string[]): string[][] => problems.map((_, p) => texts.slice(3 * p, 3 * p + 3));

  const first = await sampler.sample(each(solvePrompt), 1, random);
  const peersOf = (agent: number, p: number): Peer[] =>
    [0, 1, 2].filter(a => a !== agent).map(a => ({ name: agentName(a), text: first[3 * p + a]! }));
  const summaries = await sampler.sample(
    each((_, agent, p) => summarisePrompt(peersOf(agent, p))),
    1,
    random,
  );
  const exact = each((_, agent, p) => summaryText(peersOf(agent, p)));
  const named = each((_, agent, p) => namesEveryAnswer(summaries[3 * p + agent]!, peersOf(agent, p)));
  const own = (agent: number, p: number): string => first[3 * p + agent]!;
  const bySummary = await sampler.sample(
    each((q, a, p) => revisePrompt(q, own(a, p), { kind: 'summary', text: summaries[3 * p + a]! })),
    1,
    random,
  );
  const byConcat = await sampler.sample(
    each((q, a, p) => revisePrompt(q, own(a, p), { kind: 'solutions', peers: peersOf(a, p) })),
    1,
    random,
  );

  const sampled = (texts: readonly string[]): number => share(texts.map((text, i) => right(Math.floor(i / 3), text)));
  const voted = (texts: readonly string[]): number => share(threes(texts).map((three, p) => plurality(three) === answer(problems[p]!)));
  return {
    generator: sampled(first),
    majority: voted(first),
    styles: threes(first).reduce((sum, three) => sum + new Set(three.map(styleOf)).size, 0) / problems.length,
    unparsed: share(first.map(text => boxed(text) === null)),
    summaryExact: share(summaries.map((text, i) => text === exact[i])),
    summaryNames: share(named),
    criticSummary: sampled(bySummary),
    criticConcat: sampled(byConcat),
    debateSummary: voted(bySummary),
    debateConcat: voted(byConcat),
  };
}
