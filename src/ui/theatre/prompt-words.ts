// What a prompt is made of, in words.
import type { RunConfig } from '../../debate/config';
import type { Turn } from '../../debate/events';
import type { OpenTurn } from './open-turn';
import type { QuestionState } from '../../debate/fold';
import type { PromptPart } from '../../debate/prompts';
import { agentLetter } from '../look/agents';

export const roleWords = { system: 'system', user: 'asked', assistant: 'said before' } as const;

/** "summary by base for B", "answer of A, round 1": where a quoted piece comes from. */
export function partName(part: PromptPart, debate: QuestionState): string {
  const source = part.source === undefined ? undefined : debate.turns.get(part.source);
  if (!source) return part.name;
  if (source.role === 'summariser') return `summary made for ${agentLetter(source.agent)}, round ${source.round}`;
  return `${part.name === 'own answer' ? 'own answer' : `answer of ${agentLetter(source.agent)}`}, round ${source.round}`;
}

/** Agents whose answers reach this turn by no way: neither quoted nor in the summary it reads. */
export function hiddenAgents(turn: Pick<OpenTurn, 'role' | 'agent' | 'prompt'>, debate: QuestionState, config: RunConfig): number[] {
  if (turn.role === 'generator') return [];
  const read = new Set<number>([turn.agent]);
  const ids = [...turn.prompt.peers];
  if (turn.prompt.summary !== null) ids.push(...(debate.turns.get(turn.prompt.summary)?.prompt.peers ?? []));
  for (const id of ids) {
    const source = debate.turns.get(id);
    if (source) read.add(source.agent);
  }
  return config.seats.map((_, agent) => agent).filter(agent => !read.has(agent));
}

type Place = Pick<OpenTurn, 'agent' | 'round' | 'role'>;

/** Turns whose prompt can be held against this one's: the same agent's of the round before, and its peers' of the same round. */
export function comparable(turn: Place, debate: QuestionState): { turn: Turn; title: string }[] {
  const before = turnBefore(turn, debate);
  const peers = [...debate.turns.values()].filter(
    other => other.agent !== turn.agent && other.round === turn.round && other.role === turn.role,
  );
  return [
    ...(before ? [{ turn: before, title: `its own in round ${before.round}` }] : []),
    ...peers.sort((a, b) => a.agent - b.agent).map(peer => ({ turn: peer, title: `that of ${agentLetter(peer.agent)}` })),
  ];
}

/** The same agent's turn before this one, in the same kind of role (a summary compares with the summary before). */
export function turnBefore(turn: Place, debate: QuestionState): Turn | null {
  const summary = turn.role === 'summariser';
  const earlier = [...debate.turns.values()].filter(
    other => other.agent === turn.agent && other.round < turn.round && (other.role === 'summariser') === summary,
  );
  return earlier.sort((a, b) => b.round - a.round)[0] ?? null;
}
