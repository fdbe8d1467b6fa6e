// Who speaks when, and who hears whom. Pure: the turns that can be spoken now follow from the turns that are there.
import { seededOrder } from '../tasks/hash';
import type { RunConfig } from './config';
import { turnId, type QuestionState } from './fold';
import type { Role } from './generate';

export interface Speaker {
  round: number;
  agent: number;
  role: Role;
}

/** The agent's answer of a round. */
export const answerRole = (round: number): Exclude<Role, 'summariser'> => (round === 1 ? 'generator' : 'critic');

/**
 * The answers that reach an agent in a round: never its own, in the order they are shown.
 * Synchronous: all of the round before. Sequential: earlier agents have already spoken in this round.
 */
export function peersOf(config: RunConfig, qid: string, round: number, agent: number): { round: number; agent: number }[] {
  if (config.share === 'none' || round === 1) return [];
  const others = config.seats.map((_, other) => other).filter(other => other !== agent);
  const ordered = config.peerOrder === 'fixed' ? others : seededOrder(others, String, 'peers', config.seed, qid, round, agent);
  return ordered
    .slice(0, config.maxPeers ?? others.length)
    .map(other => ({ agent: other, round: config.order === 'sequential' && other < agent ? round : round - 1 }));
}

/** Whether an agent's turn in a round is preceded by a summary made for it. */
const hasSummary = (config: RunConfig, round: number): boolean => config.share === 'summary' && round > 1 && config.seats.length > 1;

const settled = (state: QuestionState, { round, agent, role }: Speaker): boolean => {
  const id = turnId(state.question.qid, round, agent, role);
  return state.turns.has(id) || state.failed.has(id);
};

/** The turns that must be there before this one. */
export function needs(config: RunConfig, qid: string, { round, agent, role }: Speaker): Speaker[] {
  if (role === 'generator') return [];
  const heard = peersOf(config, qid, round, agent).map((peer): Speaker => ({ ...peer, role: answerRole(peer.round) }));
  if (role === 'summariser') return heard;
  const own: Speaker = { round: round - 1, agent, role: answerRole(round - 1) };
  return [own, ...(hasSummary(config, round) ? [{ round, agent, role: 'summariser' } as const] : heard)];
}

/** Every turn of one question, in the order of rounds, summaries before the answers that read them. */
export function allTurns(config: RunConfig): Speaker[] {
  const turns: Speaker[] = [];
  const agents = config.seats.map((_, agent) => agent);
  for (let round = 1; round <= config.rounds; round++) {
    if (hasSummary(config, round)) turns.push(...agents.map(agent => ({ round, agent, role: 'summariser' }) as const));
    turns.push(...agents.map(agent => ({ round, agent, role: answerRole(round) })));
  }
  return turns;
}

/** A summary of nobody: every answer it would read has failed. It is never made, and nothing waits for it. */
const isMoot = (config: RunConfig, state: QuestionState, turn: Speaker): boolean =>
  turn.role === 'summariser' &&
  needs(config, state.question.qid, turn).every(({ round, agent, role }) =>
    state.failed.has(turnId(state.question.qid, round, agent, role)),
  );

/** What can be spoken now: not yet settled, and all it reads is. Empty when the question is done. */
export function readyTurns(config: RunConfig, state: QuestionState): Speaker[] {
  const done = (turn: Speaker): boolean => settled(state, turn) || isMoot(config, state, turn);
  return allTurns(config).filter(turn => !done(turn) && needs(config, state.question.qid, turn).every(done));
}

/** Whether every answer of the last round is settled, so that the question can be decided. */
export const isSpoken = (config: RunConfig, state: QuestionState): boolean =>
  config.seats.every((_, agent) => settled(state, { round: config.rounds, agent, role: answerRole(config.rounds) }));

/** The adapter that speaks; null = the base itself. */
export function adapterOf(config: RunConfig, { agent, role }: Speaker): string | null {
  const seat = config.seats[agent];
  if (!seat) throw new RangeError(`the society has no agent ${agent}`);
  if (role === 'summariser') return config.summariser === 'self' ? seat.critic : null;
  return role === 'generator' ? seat.generator : seat.critic;
}
