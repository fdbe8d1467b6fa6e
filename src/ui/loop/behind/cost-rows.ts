// What lies behind the cost of an iteration: what every question took, and what every training took.
import { agentName, type AgentName } from '../../../datasets/records';
import type { RunState } from '../../../debate/fold';
import type { IterationState } from '../../../experiment/fold';

export interface QuestionCost {
  qid: string;
  text: string;
  /** Failed ones included. */
  calls: number;
  promptTokens: number;
  newTokens: number;
}

/** Of every question of a debate, in its order; they add up to its ledger. */
export const questionCosts = (run: RunState): QuestionCost[] =>
  [...run.questions.values()].map(({ question: { qid, text }, turns, failed }) => {
    const usages = [...turns.values()].map(({ usage }) => usage);
    return {
      ...{ qid, text, calls: turns.size + failed.size },
      promptTokens: usages.reduce((sum, usage) => sum + usage.promptTokens, 0),
      newTokens: usages.reduce((sum, usage) => sum + usage.newTokens, 0),
    };
  });

export interface TrainingCost {
  name: AgentName;
  updates: number;
  /** Rows it was trained on; null where nothing was sent or an older version recorded it. */
  rows: number | null;
  trainedTokens: number;
  trainedParameters: number;
  seconds: number;
  /** Of its set; null = none was made. */
  sha256: string | null;
}

/** Of every training that has ended, however it did; they add up to the row of the iteration. */
export const trainingCosts = ({ jobs, collected }: IterationState): TrainingCost[] =>
  [...jobs].flatMap(([name, { ended }]) => {
    if (!ended) return [];
    const { losses, rows, trainedTokens, trainedParameters, ms } = ended;
    const sha256 = collected?.sets.find(({ role, agent }) => agentName(role, agent) === name)?.sha256 ?? null;
    return [{ name, updates: losses.length, rows: rows?.trained ?? null, trainedTokens, trainedParameters, seconds: ms / 1000, sha256 }];
  });

export const costOrders = ['most', 'least', 'asked'] as const;
export type CostOrder = (typeof costOrders)[number];
export const costOrderWords: Record<CostOrder, string> = { most: 'Most tokens first', least: 'Fewest first', asked: 'As asked' };

export function costSorted<T extends QuestionCost>(rows: readonly T[], order: CostOrder): T[] {
  const sign = order === 'least' ? 1 : -1;
  return order === 'asked' ? [...rows] : [...rows].sort((x, y) => sign * (x.newTokens - y.newTokens));
}
