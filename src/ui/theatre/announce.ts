// What ears are told while a debate goes on: every answer and the decision, once and in order, never tokens.
import type { QuestionState } from '../../debate/fold';
import { agentName } from '../look/agents';
import { answerCell, said, type Said } from './cells';
import { verdict } from './words';

/** A line of the log. Its id never comes again, so a screen that keys by it adds each line once. */
export interface Line {
  id: number;
  text: string;
}

export interface Hearing {
  /** What has been told, or was there before anybody listened. */
  heard: QuestionState;
  lines: readonly Line[];
}

/** Lines that stay in the log; what was told longer ago nobody reads again. */
const kept = 60;

export const listen = (heard: QuestionState): Hearing => ({ heard, lines: [] });

export function announceTurn(agent: number, answer: Said): string | null {
  if (answer.kind === 'waiting') return null;
  if (answer.kind === 'key') return `${agentName(agent)} answers ${answer.key}.`;
  return answer.failed ? `${agentName(agent)} failed.` : `${agentName(agent)} gives no answer.`;
}

export function announceVote({ vote, question }: QuestionState): string | null {
  if (!vote) return null;
  if (vote.winner === null) return 'No decision.';
  const word = verdict(vote.winner, question.truth);
  return `Decided: ${vote.winner}${word === 'right' || word === 'wrong' ? `, ${word}` : ''}.`;
}

/** What is new between two moments, in words, by round and agent. */
function news(before: QuestionState, now: QuestionState, agents: number, rounds: number): string[] {
  const lines: (string | null)[] = [];
  for (let round = 1; round <= rounds; round++)
    for (let agent = 0; agent < agents; agent++)
      if (said(answerCell(before, round, agent)).kind === 'waiting') lines.push(announceTurn(agent, said(answerCell(now, round, agent))));
  if (!before.vote) lines.push(announceVote(now));
  return lines.filter(line => line !== null);
}

/**
 * The log after the view came to another moment. However many events lie between the two, each is told: a fast run has several in one frame.
 * @param jumped true when a reader moved the view: then nothing has happened
 */
export function hear(hearing: Hearing, now: QuestionState, agents: number, rounds: number, jumped = false): Hearing {
  if (now === hearing.heard) return hearing;
  const texts = jumped ? [] : news(hearing.heard, now, agents, rounds);
  if (!texts.length) return { heard: now, lines: hearing.lines };
  const next = (hearing.lines.at(-1)?.id ?? 0) + 1;
  return { heard: now, lines: [...hearing.lines.slice(-kept), ...texts.map((text, i) => ({ id: next + i, text }))] };
}
