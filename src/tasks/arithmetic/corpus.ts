// What the built-in model reads while it learns: solutions by imperfect authors, exact summaries, clean revisions, bare facts.
import { answer, drawProblem, questionText, type Difficulty, type Problem } from './problem';
import { agentName, revisePrompt, solvePrompt, summarisePrompt, summaryText, type Peer, type PromptMessage, type Shown } from './prompts';
import { integer, pick, shuffled, weighted, type Random } from './random';
import { imperfect } from './slips';
import { boxed, evaluate, firstDispute, stepsOf } from './steps';
import { solve, styleOf, styles } from './styles';

export interface Example {
  messages: PromptMessage[];
  /** The assistant's answer; only this is trained. */
  target: string;
}

export interface CorpusOptions {
  /** How often each range is drawn. */
  difficulties: readonly (readonly [Difficulty, number])[];
  /** Chance that an author of a `solve` target gets a step wrong. */
  slipRate: number;
  /** The same for solutions that are shown to summarisers and critics; one is drawn for each example. */
  shownSlipRates: readonly number[];
  /** The same for the critic's own target. */
  criticSlipRate: number;
}

const problemFor = (random: Random, options: CorpusOptions): Problem =>
  drawProblem(random, weighted(random, options.difficulties), 'train');
const anySolution = (random: Random, problem: Problem, rate: number): string =>
  solve(problem, pick(random, styles), imperfect(random, rate));

export function solveExample(random: Random, options: CorpusOptions): Example {
  const problem = problemFor(random, options);
  return { messages: solvePrompt(questionText(problem)), target: anySolution(random, problem, options.slipRate) };
}

/** Opens with the disputed step, worked out again. */
export function openingCheck(texts: readonly string[]): string {
  const dispute = firstDispute(texts);
  return dispute ? `Check ${dispute.left}=${evaluate(dispute.left)}. ` : '';
}

/** A solution as it may reach a reader: some open with a check, a few break off before the answer. */
function shownSolution(random: Random, problem: Problem, rate: number): string {
  let text = anySolution(random, problem, rate);
  if (random() < 0.2) {
    const { left } = pick(random, stepsOf(text));
    text = `Check ${left}=${evaluate(left)}. ${text}`;
  }
  if (random() < 0.03) text = text.slice(0, integer(random, 8, text.length - 2));
  return text;
}

function shownPeers(random: Random, problem: Problem, count: number, rate: number, own: string | null): Peer[] {
  // Societies are mostly small: the first letters are the common ones.
  const letters = shuffled(random, [0, 1, 2, ...(count > 2 || random() < 0.3 ? [3, 4, 5, 6, 7] : [])]).slice(0, count);
  if (random() < 0.6) letters.sort((x, y) => x - y);
  const twin = own !== null && random() < 0.15 ? integer(random, 0, count - 1) : -1;
  return letters.map((letter, i) => ({ name: agentName(letter), text: i === twin ? own! : shownSolution(random, problem, rate) }));
}

const peerCounts = [
  [1, 0.12],
  [2, 0.6],
  [3, 0.14],
  [4, 0.09],
  [5, 0.05],
] as const;

export function summariseExample(random: Random, options: CorpusOptions): Example {
  const problem = problemFor(random, options);
  const peers = shownPeers(random, problem, weighted(random, peerCounts), pick(random, options.shownSlipRates), null);
  return { messages: summarisePrompt(peers), target: summaryText(peers) };
}

/**
 * A summary of solutions cut down to a few steps each, mostly shared ones. Whether two numbers are the same, and where they part,
 * is learnt here first: in whole solutions too much stands between them.
 */
export function compareExample(random: Random, options: CorpusOptions): Example {
  const problem = problemFor(random, options);
  const rate = pick(random, [0, 0.1, 0.2, 0.3]);
  const whole = shownPeers(
    random,
    problem,
    weighted(random, [
      [2, 0.8],
      [3, 0.2],
    ] as const),
    rate,
    null,
  );
  const common = new Set(whole.map(peer => stepsOf(peer.text).map(step => step.left)).reduce((x, y) => x.filter(left => y.includes(left))));
  const peers = whole.map(({ name, text }) => {
    const steps = stepsOf(text).filter(({ left }) => random() < (common.has(left) ? 0.85 : 0.1));
    const written = steps.map(({ left, value }) => `${left}=${value}`).join(', ');
    const value = boxed(text);
    return { name, text: `${written}${written && '. '}${value === null ? '' : `So \\boxed{${value}}`}` };
  });
  return { messages: summarisePrompt(peers), target: summaryText(peers) };
}

export function reviseExample(random: Random, options: CorpusOptions): Example {
  const problem = problemFor(random, options);
  const rate = pick(random, options.shownSlipRates);
  const own = random() < 0.92 ? shownSolution(random, problem, rate) : null;
  const kind = weighted(random, [
    ['summary', 0.5],
    ['solutions', 0.4],
    ['none', own === null ? 0 : 0.1],
  ] as const);
  const peers = kind === 'none' ? [] : shownPeers(random, problem, weighted(random, peerCounts), rate, own);
  const shown: Shown = kind === 'summary' ? { kind, text: summaryText(peers) } : kind === 'solutions' ? { kind, peers } : { kind };

  // A critic takes up a way that was shown, and rather one that came out right.
  const readable = [...(own === null ? [] : [own]), ...(kind === 'solutions' ? peers.map(peer => peer.text) : [])];
  const right = readable.filter(text => boxed(text) === answer(problem));
  const source = weighted(random, [
    [right, right.length ? 0.6 : 0],
    [readable, readable.length ? 0.2 : 0],
    [[], 0.2],
  ] as const);
  const style = (source.length ? styleOf(pick(random, source)) : null) ?? pick(random, styles);
  // What a summary disputes was found among the peers only; solutions are compared with one's own as well.
  const check = openingCheck(kind === 'summary' ? peers.map(peer => peer.text) : readable);
  const target = check + solve(problem, style, imperfect(random, options.criticSlipRate));
  return { messages: revisePrompt(questionText(problem), own, shown), target };
}

/** `count` facts in the form they have inside solutions; every second one is of the kind that small models find hardest: signed. */
export function drill(random: Random, options: CorpusOptions, count: number): string {
  const facts: string[] = [];
  while (facts.length < count) {
    const steps = stepsOf(solve(problemFor(random, options), pick(random, styles)));
    const signed = steps.filter(step => step.value < 0 || step.left.startsWith('-'));
    const { left, value } = pick(random, signed.length && facts.length % 2 ? signed : steps);
    facts.push(`${left}=${value}`);
  }
  return facts.join(', ');
}
