// A wire record back into events. What it yields still has to pass `checkEvents`, like everything from outside.
import * as v from 'valibot';
import { hash128 } from '../tasks/hash';
import { textHash } from '../tasks/tasks';
import { foldAll, turnId } from '../debate/fold';
import { issueText } from '../debate/schema';
import { checkEvents } from './check';
import { hashCheck, rebuiltHashes } from './encodeLink';
import { ShareError } from './errors';
import { unpackEnds } from './lengths';
import { finishes, left, roles, wire1, type Wire1 } from './wire1';
import type { RunEvent } from '../debate/events';
import type { RunState } from '../debate/fold';

const invalid = (message: string) => new ShareError('invalid', message, 'The link may have been cut or edited; ask for it again.');

function parse(value: unknown): Wire1 {
  const result = v.safeParse(wire1, value, { abortEarly: true });
  if (!result.success) throw invalid(`The link holds no debate (${issueText(result.issues)}).`);
  return result.output;
}

/** Events as the link tells them, unchecked. */
function events(wire: Wire1, run: string): unknown[] {
  const { q, e, s, k } = wire;
  const config = { ...left, ...wire.c } as { base: unknown; seed?: unknown };
  const ids = s.map(([agent, round, role]) => turnId(q.i, round, agent, roles[role]!));
  const id = (index: number): string => {
    const found = ids[index];
    if (found === undefined) throw invalid('A prompt quotes a turn that the link does not hold.');
    return found;
  };
  const name = (index: number): string => {
    const found = k[index];
    if (found === undefined) throw invalid('A turn refers to a name that the link does not hold.');
    return found;
  };
  const turns = s.map((turn, at) => {
    const [
      agent,
      round,
      role,
      text,
      answer,
      finish,
      promptTokens,
      newTokens,
      ms,
      [template, own, peers, summary],
      packed,
      adapter,
      attempt,
    ] = turn;
    const ends = unpackEnds(packed);
    if (!ends) throw invalid('The tokens of a turn cannot be read.');
    return {
      type: 'turn',
      turn: {
        id: ids[at],
        qid: q.i,
        round,
        agent,
        role: roles[role],
        adapter: adapter === 0 ? null : name(adapter - 1),
        prompt: { template: name(template), own: own.map(id), peers: peers.map(id), summary: summary === 0 ? null : id(summary - 1) },
        promptHash: Array.isArray(wire.h) ? (wire.h[at] ?? '') : '',
        draw: { seed: config.seed, qid: q.i, agent, role: roles[role], round, attempt },
        text,
        answer: answer === 0 ? null : { key: answer[0], start: answer[1], end: answer[2] },
        usage: { promptTokens, newTokens, ms },
        finish: finishes[finish],
        ends,
        logprobs: [],
      },
    };
  });
  const failures = (wire.g ?? []).map(([agent, round, role, code, message, hint]) => ({
    type: 'turn-failed',
    id: turnId(q.i, round, agent, roles[role]!),
    qid: q.i,
    round,
    agent,
    role: roles[role],
    error: { code, message, ...(hint === '' ? {} : { hint }) },
  }));
  const question = {
    qid: q.i,
    task: q.k,
    split: q.s,
    text: q.x,
    textHash: q.h ?? textHash(q.x),
    truth: q.t,
    ...(q.d === undefined ? {} : { difficulty: q.d }),
  };
  const engine = { base: e.b ?? config.base, modelHash: e.h, dtype: e.y, device: e.d, runtime: e.r, parameters: e.n };
  return [
    { type: 'run-started', schema: 1, run, at: wire.a, title: wire.t, app: wire.p, config, engine, questions: [question] },
    ...turns,
    ...failures,
    ...(wire.v === undefined ? [] : [{ type: 'decided', vote: wire.v }]),
    ...(wire.f === undefined ? [] : [{ type: 'run-finished', at: wire.f }]),
  ];
}

/**
 * @param json the inflated text: a link names its run, so the same link is always the same run
 * @throws ShareError
 */
export function fromWire1(value: unknown, json: string): { events: RunEvent[]; state: RunState; abridged: boolean } {
  const wire = parse(value);
  const checked = checkEvents(events(wire, `link-${hash128(json).slice(0, 16)}`));
  const abridged = wire.x !== undefined;
  if (Array.isArray(wire.h)) return { ...checked, abridged };
  const state = checked.state.questions.get(wire.q.i);
  const hashes = state ? rebuiltHashes(state) : [];
  if (hashCheck(hashes) !== wire.h) return { ...checked, abridged };
  // The rebuilt prompts are those that were sent: the hashes the link left out are known again.
  let at = 0;
  const whole = checked.events.map(event =>
    event.type === 'turn' ? { ...event, turn: { ...event.turn, promptHash: hashes[at++] ?? '' } } : event,
  );
  return { events: whole, state: foldAll(whole), abridged };
}
