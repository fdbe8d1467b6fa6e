// How surprising an agent's last answer is to the other agents: the paper's diversity, as score requests and the fold of what comes back.
import { answersOf, isRoundDone } from '../debate/decide';
import type { RunState } from '../debate/fold';
import type { Message } from '../debate/generate';
import { rebuildPrompt } from '../debate/prompts';
import { adapterOf, answerRole } from '../debate/schedule';
import { meansOf } from './bootstrap';
import { meanOf, type Mean } from './diversity';

export interface ScoreRequest {
  messages: Message[];
  text: string;
  /** Who scores; null = the base. */
  adapter: string | null;
}

/** Nats per token: under the speaker's own weights, and over ordered pairs under the others'. */
export interface HeldOutNll {
  own: Mean;
  cross: Mean;
  /** The same per question, in the order scored; null where nothing could be scored. */
  rows: { qid: string; own: number | null; cross: number | null }[];
}

export interface NllPlan {
  /** Each once: agents that share weights share a request, so a base society costs one per answer instead of N. */
  requests: ScoreRequest[];
  /**
   * @param logprobs [requests][tokens] ln p of each token of the text
   * @throws RangeError when they are not as many as the requests
   */
  fold(logprobs: readonly (readonly number[])[]): HeldOutNll;
}

/**
 * −(1/|y_j|) Σ_t ln p_i(y_{j,t} | what j saw, y_{j,<t}) over last-round answers of the first `count` questions. Tokens are averaged per text,
 * texts per question, questions last. Higher is more diverse, and degenerate text scores high too: read it beside accuracy.
 * @see arXiv 2501.05707, NLL diversity; the context is our pin (method.md §8)
 */
export function heldOutNll(state: RunState, count: number): NllPlan {
  const { start } = state;
  if (!start) return { requests: [], fold: () => ({ own: meanOf([]), cross: meanOf([]), rows: [] }) };
  const { config } = start;
  const round = config.rounds;
  const speaks = (agent: number): string | null => adapterOf(config, { round, agent, role: answerRole(round) });
  const requests: ScoreRequest[] = [];
  /** Per question: indices into the requests. */
  const parts: { qid: string; own: number[]; cross: number[] }[] = [];
  const done = [...state.questions.values()].filter(question => isRoundDone(config, question, round));
  for (const question of done.slice(0, count)) {
    const part = { qid: question.question.qid, own: [] as number[], cross: [] as number[] };
    for (const { agent: speaker, turn } of answersOf(config, question, round)) {
      if (!turn?.text) continue;
      const { messages } = rebuildPrompt(turn, question);
      const asked = new Map<string | null, number>();
      config.seats.forEach((_, scorer) => {
        const adapter = speaks(scorer);
        const index = asked.get(adapter) ?? requests.push({ messages, text: turn.text, adapter }) - 1;
        asked.set(adapter, index);
        part[scorer === speaker ? 'own' : 'cross'].push(index);
      });
    }
    parts.push(part);
  }
  return {
    requests,
    fold(logprobs) {
      if (logprobs.length !== requests.length) throw new RangeError(`${logprobs.length} scores for ${requests.length} requests`);
      const nll = logprobs.map(tokens => (tokens.length ? -tokens.reduce((sum, value) => sum + value, 0) / tokens.length : null));
      const of = (indices: readonly number[]): number | null => meanOf(indices.flatMap(index => nll[index] ?? [])).mean;
      const rows = parts.map(({ qid, own, cross }) => ({ qid, own: of(own), cross: of(cross) }));
      const [own, cross] = meansOf([rows.flatMap(row => row.own ?? []), rows.flatMap(row => row.cross ?? [])], config.seed);
      return { own: own!, cross: cross!, rows };
    },
  };
}
