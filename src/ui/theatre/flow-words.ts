// The answer flow for ears, tables and spreadsheets.
import { agentLetter } from '../look/agents';
import type { QuestionState } from '../../debate/fold';
import type { FlowRibbon } from './flow-layout';
import { saidInRound } from './cells';
import { lettersInWords, verdict } from './words';

const named = (key: string | null): string => key ?? 'no answer';

/** One sentence: who changed to what, who held. */
export function flowTitle(state: QuestionState, agents: number, rounds: number): string {
  const seen = Array.from({ length: rounds }, (_, r) => saidInRound(state, r + 1, agents));
  const keyOf = (r: number, agent: number): string | null | undefined => {
    const answer = seen[r]![agent]!;
    return answer.kind === 'waiting' ? undefined : answer.kind === 'key' ? answer.key : null;
  };
  const moves: string[] = [];
  const held: number[] = [];
  for (let agent = 0; agent < agents; agent++) {
    const path = Array.from({ length: rounds }, (_, r) => keyOf(r, agent)).filter(key => key !== undefined);
    if (path.length < 2) continue;
    const steps = path.filter((key, i) => i === 0 || key !== path[i - 1]);
    if (steps.length === 1) held.push(agent);
    else moves.push(`${agentLetter(agent)} went from ${steps.map(named).join(' to ')}`);
  }
  if (!moves.length && !held.length) return rounds === 1 ? 'One round: nobody could change.' : 'Nobody has answered twice yet.';
  if (!moves.length)
    return held.length === 1 ? `${lettersInWords(held)} kept its answer.` : `Nobody changed: ${lettersInWords(held)} kept their answers.`;
  if (moves.length > 4) return `${moves.length} of ${moves.length + held.length} agents changed their answers.`;
  return `${moves.join(', ')}${held.length ? `; ${lettersInWords(held)} held` : ''}.`;
}

/** What a ribbon says when the keyboard reaches it. */
export function ribbonWords(ribbon: FlowRibbon, truth: string | null, read: string): string {
  const word = (key: string | null) => {
    const v = verdict(key, truth);
    return v === 'right' || v === 'wrong' ? `${named(key)} (${v})` : named(key);
  };
  const who = `Agent ${agentLetter(ribbon.agent)}`;
  if (ribbon.from === ribbon.to) return `${who} held ${word(ribbon.to)} from round ${ribbon.round} to ${ribbon.round + 1}${read}.`;
  return `${who} changed from ${word(ribbon.from)} in round ${ribbon.round} to ${word(ribbon.to)} in round ${ribbon.round + 1}${read}.`;
}

/** A field of a CSV file (RFC 4180); a leading = + - @ of model text is kept from becoming a formula. */
export function csvField(value: string): string {
  const safe = /^[=+\-@\t\r]/.test(value) && !/^[+-]?\d+(\.\d+)?$/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** One line an agent, one column a round; an empty field = not answered yet, ∅ = no answer found. */
export function flowCsv(state: QuestionState, agents: number, rounds: number): string {
  const head = ['agent', ...Array.from({ length: rounds }, (_, r) => `round ${r + 1}`)];
  const rows = Array.from({ length: agents }, (_, agent) => [
    agentLetter(agent),
    ...Array.from({ length: rounds }, (_, r) => {
      const answer = saidInRound(state, r + 1, agents)[agent]!;
      return answer.kind === 'key' ? answer.key : answer.kind === 'none' ? '∅' : '';
    }),
  ]);
  return [head, ...rows].map(row => row.map(csvField).join(',')).join('\r\n');
}
