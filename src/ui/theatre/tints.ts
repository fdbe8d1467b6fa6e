// Which tint an answer has within one question. The same number is used in text, chip, vote bar and flow.
import type { QuestionState } from '../../debate/fold';
import { said, answerCell } from './cells';

/** Tints of answers in `tokens.css`; the last one is the grey that all further answers share. */
export const tintCount = 8;

/**
 * Tint by answer key. The winner of a decided question has tint 0; rivals follow in order of first appearance, round by round, A to H.
 * While nothing is decided the order of appearance alone counts, so that a live run changes its colours at most once.
 */
export function answerTints(state: QuestionState, agents: number, rounds: number): ReadonlyMap<string, number> {
  const keys = new Set<string>();
  if (state.vote?.winner != null) keys.add(state.vote.winner);
  for (let round = 1; round <= rounds; round++)
    for (let agent = 0; agent < agents; agent++) {
      const answer = said(answerCell(state, round, agent));
      if (answer.kind === 'key') keys.add(answer.key);
    }
  return new Map([...keys].map((key, at) => [key, Math.min(at, tintCount - 1)]));
}

export const tintFill = (tint: number): string => `var(--answer-${tint})`;
export const tintEdge = (tint: number): string => `var(--answer-edge-${tint})`;
