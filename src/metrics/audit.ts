// How good the pseudo-labels were, told to people only: nothing that trains reads this (method.md §9.4).
import { agentName, type AgentName, type TrainingSet } from '../datasets/records';
import { answersOf } from '../debate/decide';
import type { QuestionState, RunState } from '../debate/fold';
import { wilson, type Share } from './interval';

export interface LabelAudit {
  /** Questions with an accepted pseudo-label, of all. */
  accepted: Share;
  /** Right labels among the accepted whose truth is known. */
  right: Share;
  /** Questions by votes of the top answer, index = votes, 0..N. */
  votes: number[];
  /** Unparsed and failed answers of the last round, of all. */
  unparsed: Share;
  /** Rows per set that were kept for a wrong answer, of those whose truth is known. */
  wrongRows: Record<AgentName, Share>;
}

const share = (flags: readonly boolean[]): Share => wilson(flags.filter(Boolean).length, flags.length);

/** The answer a row was kept for. */
const answerOf = (question: QuestionState, from: readonly string[]): string | null =>
  question.turns.get(from.at(-1) ?? '')?.answer?.key ?? null;

/** @param sets as collected from this run; an empty list leaves `wrongRows` empty. */
export function auditLabels(state: RunState, sets: readonly TrainingSet[]): LabelAudit {
  const questions = [...state.questions.values()];
  const config = state.start?.config;
  const seats = config?.seats.length ?? 0;
  const votes = Array.from({ length: seats + 1 }, () => 0);
  for (const { vote } of questions) if (vote) votes[Math.max(0, ...Object.values(vote.counts))]!++;
  const known = questions.filter(({ question }) => question.truth !== null);
  const last = config ? questions.flatMap(question => answersOf(config, question, config.rounds)) : [];
  const wrongRows: Record<AgentName, Share> = {};
  for (const { header, rows } of sets)
    wrongRows[agentName(header.role, header.agent)] = share(
      rows.flatMap(({ qid, from }) => {
        const question = state.questions.get(qid);
        if (!question || question.question.truth === null) return [];
        return [answerOf(question, from) !== question.question.truth];
      }),
    );
  return {
    accepted: share(questions.map(({ vote }) => (vote?.label ?? null) !== null)),
    right: share(known.flatMap(({ question, vote }) => ((vote?.label ?? null) === null ? [] : [vote!.label === question.truth]))),
    votes,
    unparsed: share(last.filter(({ turn, failed }) => turn || failed).map(({ key }) => key === null)),
    wrongRows,
  };
}
