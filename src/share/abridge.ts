// A run without its reasoning: of each text only the sentence that holds its answer.
import type { RunEvent } from '../debate/events';
import { answerOnly } from './encodeLink';

/** Tokens and their probabilities go with the texts they are of. What was decided stays, so that votes can be counted again. */
export const abridge = (events: readonly RunEvent[]): RunEvent[] =>
  events.map(event =>
    event.type === 'turn' ? { ...event, turn: { ...event.turn, ...answerOnly(event.turn), ends: [], logprobs: [] } } : event,
  );
