// Which turns of a finished debate may train whom: the sets of the method before anything is drawn from them (method.md §2).
import { answersOf, type Answer } from '../debate/decide';
import type { QuestionState, RunState } from '../debate/fold';
import type { DataRow, DatasetConfig, Selection, SetRole } from './records';
import { rowOf } from './trace';
import { canVerify, stepsHold } from './verify';

/** Why a question gives a set nothing. */
export const discardWords = {
  undecided: 'not decided: the debate is not over',
  unparsed: 'no agent gave a readable answer',
  'min-votes': 'no answer has enough votes',
  tie: 'the vote is tied',
  'no-truth': 'the right answer is not known',
  'no-check': 'its answers cannot be checked step by step',
  differs: 'the agent’s answer is not the label',
  refuted: 'a step of the agent’s answer is wrong, or none is written',
  failed: 'a call of the agent failed',
  prompt: 'the prompt cannot be rebuilt as it was sent',
} as const;
export type Discard = keyof typeof discardWords;

export interface Pools {
  /** D^G, D^C− and D^C+ of one agent, in the order of the run's questions. */
  first: DataRow[];
  corrected: DataRow[];
  kept: DataRow[];
  discarded: Record<SetRole, Partial<Record<Discard, number>>>;
}

/** Whether an answer is to be learnt, or why none of the question is. Truth is read under selection `truth` and nowhere else in this room. */
function judgeOf({ question, vote }: QuestionState, by: Selection['by']): ((answer: Answer) => boolean) | Discard {
  if (by === 'truth') return question.truth === null ? 'no-truth' : ({ key }) => key === question.truth;
  if (by === 'verifier') return canVerify(question.text) ? ({ key, turn }) => key !== null && stepsHold(turn!.text) : 'no-check';
  if (!vote) return 'undecided';
  return vote.label === null ? (vote.discarded ?? 'unparsed') : ({ key }) => key === vote.label;
}

/** [agents]. Unreadable first answers that were put right count as corrected; a trace with a failed call is no trace. */
export function poolsOf(state: RunState, { selection, lossOn }: Pick<DatasetConfig, 'selection' | 'lossOn'>): Pools[] {
  if (!state.start) throw new RangeError('the run has not started');
  const { config } = state.start;
  const pools = config.seats.map((): Pools => ({ first: [], corrected: [], kept: [], discarded: { generator: {}, critic: {} } }));
  const rounds = Array.from({ length: config.rounds }, (_, i) => i + 1);
  for (const question of state.questions.values()) {
    const learnt = judgeOf(question, selection.by);
    const answers = rounds.map(round => answersOf(config, question, round));
    pools.forEach((pool, agent) => {
      const discard = (role: SetRole, reason: Discard) => (pool.discarded[role][reason] = (pool.discarded[role][reason] ?? 0) + 1);
      if (typeof learnt === 'string') {
        discard('generator', learnt);
        if (rounds.length > 1) discard('critic', learnt);
        return;
      }
      const trace = answers.map(round => round[agent]!);
      const add = (role: SetRole, kind: DataRow['kind'], into: DataRow[], answer: (typeof trace)[number]) => {
        if (!answer.turn) return discard(role, answer.failed ? 'failed' : 'undecided');
        if (!learnt(answer)) return discard(role, selection.by === 'verifier' ? 'refuted' : 'differs');
        if (trace.slice(0, answer.round).some(({ turn }) => !turn)) return discard(role, 'failed');
        const row = rowOf(state, question, answer.turn, kind, lossOn);
        return row ? into.push(row) : discard(role, 'prompt');
      };
      const [first, last] = [trace[0]!, trace.at(-1)!];
      add('generator', 'first', pool.first, first);
      if (rounds.length < 2) return;
      if (first.turn && learnt(first)) add('critic', 'kept', pool.kept, last);
      else add('critic', 'corrected', pool.corrected, last);
    });
  }
  return pools;
}
