// The prompt of a first answer, exactly as a debate of the loop would put it.
import type { RunConfig } from '../../debate/config';
import type { QuestionState } from '../../debate/fold';
import type { Message } from '../../debate/generate';
import { planPrompt, renderPrompt } from '../../debate/prompts';
import type { Question } from '../../tasks/question';

export function promptOf(question: Question, config: RunConfig): Message[] {
  const state: QuestionState = { question, turns: new Map(), failed: new Map(), partial: new Map(), vote: null };
  return renderPrompt(planPrompt(state, config, { round: 1, agent: 0, role: 'generator' }), state).messages;
}
