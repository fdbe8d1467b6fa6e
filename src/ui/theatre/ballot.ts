// One round's answers as blocks of a bar: who stands where, largest block first.
import type { QuestionState } from '../../debate/fold';
import { saidInRound } from './cells';

export interface Block {
  /** Answer key; null = no answer. */
  key: string | null;
  agents: number[];
}

export interface Ballot {
  round: number;
  /** Agents of the society: the bar's full length. */
  n: number;
  blocks: Block[];
  waiting: number;
}

/** Blocks by size, then by first holder; those without an answer stand last whatever their number. */
export function ballotOf(state: QuestionState, round: number, n: number): Ballot {
  const blocks = new Map<string | null, Block>();
  let waiting = 0;
  saidInRound(state, round, n).forEach((answer, agent) => {
    if (answer.kind === 'waiting') return void waiting++;
    const key = answer.kind === 'key' ? answer.key : null;
    const block = blocks.get(key) ?? { key, agents: [] };
    block.agents.push(agent);
    blocks.set(key, block);
  });
  const order = (block: Block) => (block.key === null ? Infinity : -block.agents.length * 100 + block.agents[0]!);
  return { round, n, blocks: [...blocks.values()].sort((a, b) => order(a) - order(b)), waiting };
}

/** "13: A and C. 33: B. No answer: D." for ears and tooltips. */
export function ballotWords(ballot: Ballot, letter: (agent: number) => string): string {
  if (!ballot.blocks.length) return 'No votes yet.';
  return ballot.blocks.map(({ key, agents }) => `${key ?? 'No answer'}: ${agents.map(letter).join(', ')}.`).join(' ');
}
