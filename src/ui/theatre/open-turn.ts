// What can be opened of a place in the grid: a finished turn, or as much as is known of one that failed or is still being spoken.
import type { RunConfig } from '../../debate/config';
import type { PromptRef, Turn, TurnId } from '../../debate/events';
import type { QuestionState } from '../../debate/fold';
import type { DrawKey, Finish, Role, TurnError } from '../../debate/generate';
import { planPrompt } from '../../debate/prompts';
import { adapterOf } from '../../debate/schedule';

export interface OpenTurn {
  id: TurnId;
  round: number;
  agent: number;
  role: Role;
  adapter: string | null;
  prompt: PromptRef;
  draw: DrawKey;
  text: string;
  /** The turn itself once it is done: only then there is an answer, a cost and a hash of its prompt. */
  done: Turn | null;
  /** Why it failed. */
  error: TurnError | null;
}

/** Null when nobody has begun to speak there. */
export function openTurn(debate: QuestionState, config: RunConfig, id: TurnId): OpenTurn | null {
  const done = debate.turns.get(id) ?? null;
  if (done) return { ...done, done, error: null };
  const failed = debate.failed.get(id);
  const place = failed ?? debate.partial.get(id);
  if (!place) return null;
  const { round, agent, role } = place;
  return {
    ...{ id, round, agent, role },
    adapter: adapterOf(config, place),
    // Whatever it reads was settled before it began, so the plan is still the one it was given.
    prompt: planPrompt(debate, config, place),
    draw: { seed: config.seed, qid: debate.question.qid, agent, role, round, attempt: 0 },
    text: debate.partial.get(id)?.text ?? '',
    done: null,
    error: failed?.error ?? null,
  };
}

export const endWords = (finish: Finish): string => (finish === 'length' ? 'at the token limit' : 'by the model');
