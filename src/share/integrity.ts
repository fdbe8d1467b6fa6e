// Does a run agree with itself? Texts against prompts, answers against texts, votes against answers: what an edit would leave behind.
import { extractAnswer } from '../tasks/answers';
import { taskById } from '../tasks/tasks';
import { voteOf } from '../debate/decide';
import type { Turn } from '../debate/events';
import type { QuestionState, RunState } from '../debate/fold';
import { rebuildPrompt } from '../debate/prompts';

export interface Integrity {
  turns: number;
  /** Turns whose prompt cannot be rebuilt to the one that was recorded: a text it quotes, or the template, was changed. */
  prompts: number;
  /** Turns whose recorded answer is not what their text says. */
  answers: number;
  /** Decisions that do not follow from the answers. */
  votes: number;
}

/** Unknown templates and tasks are those of a later version: nothing can be said about them, so they count as not agreeing. */
function agrees(check: () => boolean): boolean {
  try {
    return check();
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

const promptAgrees = (turn: Turn, state: QuestionState): boolean => agrees(() => rebuildPrompt(turn, state).verified);

const answerAgrees = (turn: Turn, state: QuestionState, run: RunState): boolean =>
  agrees(() => {
    if (turn.role === 'summariser') return turn.answer === null;
    const { extraction } = taskById(state.question.task);
    const found = extractAnswer(turn.text, extraction, run.start!.config.equality, turn.finish === 'stop');
    return found?.key === turn.answer?.key && found?.start === turn.answer?.start && found?.end === turn.answer?.end;
  });

const voteAgrees = (state: QuestionState, run: RunState): boolean =>
  agrees(() => {
    const { vote } = state;
    if (!vote) return true;
    const again = voteOf(run.start!.config, state, vote.round);
    return again?.winner === vote.winner && again.label === vote.label && again.n === vote.n && again.unparsed === vote.unparsed;
  });

/** @param run a folded run with its start */
export function inspect(run: RunState): Integrity {
  const found: Integrity = { turns: 0, prompts: 0, answers: 0, votes: 0 };
  for (const state of run.questions.values()) {
    for (const turn of state.turns.values()) {
      found.turns++;
      if (!promptAgrees(turn, state)) found.prompts++;
      if (!answerAgrees(turn, state, run)) found.answers++;
    }
    if (!voteAgrees(state, run)) found.votes++;
  }
  return found;
}
