// One debated question as a wire record: every turn once, prompts by reference, probabilities dropped.
import { textHash } from '../tasks/tasks';
import { hash128 } from '../tasks/hash';
import type { RunConfig } from '../debate/config';
import type { RunEvent, Turn, TurnId } from '../debate/events';
import { foldAll, type QuestionState } from '../debate/fold';
import { promptHash, renderPrompt } from '../debate/prompts';
import { packEnds } from './lengths';
import { left, roles, finishes, type Wire1, type WireTurn } from './wire1';

export interface Levers {
  /** 'answers' keeps the sentence that holds each answer and drops all other text. */
  text: 'full' | 'answers';
  /** Where each token ends, which lets the replay stream as the run did; without it texts appear whole. */
  tokens: boolean;
}
export const fullLink: Levers = { text: 'full', tokens: true };

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

function settings(config: RunConfig): Record<string, unknown> {
  return Object.fromEntries(Object.entries(config).filter(([name, value]) => !same(value, left[name as keyof RunConfig])));
}

/** The sentence around an answer, and where the answer stands in it. Empty for a text without one. */
export function answerOnly({ text, answer }: Pick<Turn, 'text' | 'answer'>): Pick<Turn, 'text' | 'answer'> {
  if (!answer) return { text: '', answer: null };
  const before = text.slice(0, answer.start);
  const from = Math.max(before.lastIndexOf('\n') + 1, before.lastIndexOf('. ') + 2, answer.start - 80, 0);
  const until = answer.end + (/^[^\s]{0,8}/.exec(text.slice(answer.end))?.[0].length ?? 0);
  return { text: text.slice(from, until), answer: { ...answer, start: answer.start - from, end: answer.end - from } };
}

/** Hashes of the turns' prompts as rebuilt from what the link keeps; null where one cannot be rebuilt. */
export function rebuiltHashes(state: QuestionState): (string | null)[] {
  return [...state.turns.values()].map(({ prompt }) => {
    try {
      return promptHash(renderPrompt(prompt, state).messages);
    } catch (error) {
      if (error instanceof RangeError) return null;
      throw error;
    }
  });
}

/** Eight digits that stand for all prompts: enough to see that a later version would word them differently. */
export const hashCheck = (hashes: readonly (string | null)[]): string => hash128(hashes.join()).slice(0, 8);

/** @throws RangeError when the run does not hold the question */
export function toWire1(events: readonly RunEvent[], qid: string, levers: Levers): Wire1 {
  const { start, questions, finished, engine } = foldAll(events);
  const state = questions.get(qid);
  if (!start || !state || !engine) throw new RangeError(`the run does not hold question ${qid}`);
  const { config } = start;
  const names: string[] = [];
  const name = (text: string): number => {
    const known = names.indexOf(text);
    return known >= 0 ? known : names.push(text) - 1;
  };
  const order = new Map<TurnId, number>([...state.turns.keys()].map((id, at) => [id, at]));
  const at = (id: TurnId): number => order.get(id)!;

  const turns = [...state.turns.values()].map((turn): WireTurn => {
    const { agent, round, role, finish, usage, prompt, ends, adapter, draw } = turn;
    const { text, answer } = levers.text === 'full' ? turn : answerOnly(turn);
    return [
      agent,
      round,
      roles.indexOf(role),
      text,
      answer ? [answer.key, answer.start, answer.end] : 0,
      finishes.indexOf(finish),
      usage.promptTokens,
      usage.newTokens,
      Math.round(usage.ms),
      [name(prompt.template), prompt.own.map(at), prompt.peers.map(at), prompt.summary === null ? 0 : at(prompt.summary) + 1],
      levers.tokens && levers.text === 'full' ? packEnds(ends) : '',
      adapter === null ? 0 : name(adapter) + 1,
      draw.attempt,
    ];
  });

  const recorded = [...state.turns.values()].map(turn => turn.promptHash);
  const rebuilt = rebuiltHashes(state);
  const derivable = levers.text === 'full' && same(recorded, rebuilt);
  const { question } = state;
  const failures = [...state.failed.values()].map(({ agent, round, role, error }): [number, number, number, string, string, string] => [
    agent,
    round,
    roles.indexOf(role),
    error.code,
    error.message.slice(0, 300),
    error.hint?.slice(0, 300) ?? '',
  ]);
  const wire: Wire1 = {
    t: start.title,
    a: start.at,
    p: start.app,
    c: settings(config),
    e: { h: engine.modelHash, y: engine.dtype, d: engine.device, r: engine.runtime, n: engine.parameters },
    q: { i: question.qid, k: question.task, s: question.split, x: question.text, t: question.truth },
    k: names,
    s: turns,
    // Without the texts nothing can be rebuilt, and a hash that nobody can check only costs.
    h: derivable ? hashCheck(rebuilt) : levers.text === 'full' ? recorded : [],
  };
  if (!same(engine.base, config.base)) wire.e.b = engine.base;
  if (question.difficulty !== undefined) wire.q.d = question.difficulty;
  if (question.textHash !== textHash(question.text)) wire.q.h = question.textHash;
  if (failures.length > 0) wire.g = failures;
  if (state.vote) wire.v = state.vote;
  if (finished !== null) wire.f = finished;
  if (levers.text === 'answers') wire.x = 'answers';
  return wire;
}
