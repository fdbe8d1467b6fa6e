// How large a run may be. The form, the command line and the check of files from elsewhere all ask here, so that what is made can be opened.
import type { RunConfig } from './config';
import { allTurns } from './schedule';

export const limits = {
  /** One letter each. */
  agents: 26,
  rounds: 26,
  questions: 2000,
  /** Of a whole run; the fold of so many stays a matter of seconds. */
  events: 60_000,
  newTokens: 32_768,
} as const;

/** Pauses, restarts and fall-backs leave notes of their own. */
const roomForNotes = 1000;

/** Why a run would be too large to open, with what to change; null when it fits. */
export function tooLarge(config: RunConfig, questions: number): string | null {
  if (questions > limits.questions) return `${questions} questions are too many for one run: the page opens at most ${limits.questions}.`;
  const calls = allTurns(config).length;
  // Each question ends with its decision.
  const most = Math.floor((limits.events - roomForNotes) / (calls + 1));
  if (questions <= most) return null;
  return `Each question takes ${calls} calls, and the page opens runs of at most ${limits.events} events: ask at most ${most} of these, or fewer agents or rounds.`;
}
