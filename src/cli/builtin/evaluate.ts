// The full evaluation of the built-in model: every role, every difficulty, on held-out problems.
import { answer, questionText, type Difficulty } from '../../tasks/arithmetic/problem';
import {
  agentName,
  revisePrompt,
  solvePrompt,
  summarisePrompt,
  summaryText,
  type Peer,
  type PromptMessage,
} from '../../tasks/arithmetic/prompts';
import { boxed } from '../../tasks/arithmetic/steps';
import { styleOf, type Style } from '../../tasks/arithmetic/styles';
import { heldOut, namesEveryAnswer, plurality } from './probe';

/** Speaks every chat at the temperature; `label` and position fix the draws. */
export type Speak = (label: string, chats: readonly PromptMessage[][], temperature: number) => Promise<string[]>;

export interface Count {
  hits: number;
  n: number;
}

export interface Evaluation {
  difficulty: Difficulty;
  questions: number;
  generator: Count;
  greedy: Count;
  /** Share of style-recognised samples and how many of them are right. */
  styles: Partial<Record<Style | 'none', Count>>;
  distinctStyles: number;
  unparsed: Count;
  majority3: Count;
  majority9: Count;
  /** The summariser, greedy as in the product. */
  summaryExact: Count;
  summaryNames: Count;
  summaryDispute: Count;
  criticSummary: Count;
  criticConcat: Count;
  criticAlone: Count;
  debateSummary: Count;
  debateConcat: Count;
  debateSummary3: Count;
  /** Critic right, by how many of the three first answers were right. */
  criticByRight: Count[];
  /** Critics whose first answer was wrong and now is right, and the reverse. */
  mended: Count;
  spoilt: Count;
}

const count = (hits: readonly boolean[]): Count => ({ hits: hits.filter(Boolean).length, n: hits.length });
const agents = [0, 1, 2] as const;

export async function evaluate(speak: Speak, difficulty: Difficulty, questions: number): Promise<Evaluation> {
  const problems = heldOut(difficulty, questions);
  const truths = problems.map(answer);
  const each = <T>(make: (question: string, agent: number, p: number) => T): T[] =>
    problems.flatMap((problem, p) => agents.map(agent => make(questionText(problem), agent, p)));
  const rightAt = (texts: readonly string[]): boolean[] => texts.map((text, i) => boxed(text) === truths[Math.floor(i / 3)]);
  const threes = (texts: readonly string[], p: number): string[] => texts.slice(3 * p, 3 * p + 3);
  const voted = (texts: readonly string[]): Count => count(truths.map((truth, p) => plurality(threes(texts, p)) === truth));

  const first = await speak('first', each(solvePrompt), 1);
  const more = [first, await speak('second', each(solvePrompt), 1), await speak('third', each(solvePrompt), 1)];
  const greedy = await speak(
    'greedy',
    problems.map(p => solvePrompt(questionText(p))),
    0,
  );
  const peersOf = (texts: readonly string[], agent: number, p: number): Peer[] =>
    agents.filter(a => a !== agent).map(a => ({ name: agentName(a), text: texts[3 * p + a]! }));
  const round = async (label: string, own: readonly string[]): Promise<{ summaries: string[]; texts: string[] }> => {
    const summaries = await speak(
      `${label} summary`,
      each((_, a, p) => summarisePrompt(peersOf(own, a, p))),
      0,
    );
    const chats = each((q, a, p) => revisePrompt(q, own[3 * p + a]!, { kind: 'summary', text: summaries[3 * p + a]! }));
    return { summaries, texts: await speak(`${label} critic`, chats, 1) };
  };
  const second = await round('round 2', first);
  const third = await round('round 3', second.texts);
  const concat = await speak(
    'concat',
    each((q, a, p) => revisePrompt(q, first[3 * p + a]!, { kind: 'solutions', peers: peersOf(first, a, p) })),
    1,
  );
  const alone = await speak(
    'alone',
    each((q, a, p) => revisePrompt(q, first[3 * p + a]!, { kind: 'none' })),
    1,
  );

  const firstRight = rightAt(first);
  const secondRight = rightAt(second.texts);
  const styles: Evaluation['styles'] = {};
  first.forEach((text, i) => {
    const kept = (styles[styleOf(text) ?? 'none'] ??= { hits: 0, n: 0 });
    kept.n++;
    kept.hits += +firstRight[i]!;
  });
  const shown = each((_, a, p) => peersOf(first, a, p));
  const exact = shown.map(summaryText);
  const disputed = exact.map((text, i) => [text, i] as const).filter(([text]) => text.includes('differ at'));
  const byRight = agents.map(() => []).concat([[]]) as boolean[][];
  secondRight.forEach((right, i) =>
    byRight[threes(firstRight.map(String), Math.floor(i / 3)).filter(x => x === 'true').length]!.push(right),
  );
  return {
    difficulty,
    questions,
    generator: count(firstRight),
    greedy: count(greedy.map((text, p) => boxed(text) === truths[p])),
    styles,
    distinctStyles: problems.reduce((sum, _, p) => sum + new Set(threes(first, p).map(styleOf)).size, 0) / questions,
    unparsed: count(first.map(text => boxed(text) === null)),
    majority3: voted(first),
    majority9: count(truths.map((truth, p) => plurality(more.flatMap(texts => threes(texts, p))) === truth)),
    summaryExact: count(second.summaries.map((text, i) => text === exact[i])),
    summaryNames: count(second.summaries.map((text, i) => namesEveryAnswer(text, shown[i]!))),
    summaryDispute: count(disputed.map(([text, i]) => second.summaries[i] === text)),
    criticSummary: count(secondRight),
    criticConcat: count(rightAt(concat)),
    criticAlone: count(rightAt(alone)),
    debateSummary: voted(second.texts),
    debateConcat: voted(concat),
    debateSummary3: voted(third.texts),
    criticByRight: byRight.map(count),
    mended: count(secondRight.filter((_, i) => !firstRight[i])),
    spoilt: count(secondRight.filter((_, i) => firstRight[i]).map(right => !right)),
  };
}
