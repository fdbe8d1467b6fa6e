// Preference pairs from dissent: what matches the vote over what does not (MACA, arXiv 2509.15172).
import { answersOf } from '../debate/decide';
import type { RunState } from '../debate/fold';
import type { Message } from '../debate/generate';
import { rebuildPrompt } from '../debate/prompts';
import { seededOrder } from '../tasks/hash';
import type { SetRole } from './records';

export interface Pair {
  qid: string;
  prompt: Message[];
  chosen: string;
  rejected: string;
  /** Turns of the two answers. */
  from: [chosen: string, rejected: string];
  /** Whether both answered this very prompt; else the other agent answered the same question after a prompt of its own. */
  samePrompt: boolean;
}

/**
 * One pair per accepted question on which some agent dissents from this one: its own answer on its side (chosen if it matches the label, else
 * rejected) against one drawn from the agents on the other side, under the prompt that it read itself. Generators are paired in round 1, where
 * all read the same prompt; critics in the last round, where each has read its own summary and only the question is the same.
 */
export function preferencePairs(state: RunState, role: SetRole, agent: number, seed: number): Pair[] {
  if (!state.start) return [];
  const { config } = state.start;
  if (role === 'critic' && config.rounds < 2) return [];
  const round = role === 'generator' ? 1 : config.rounds;
  return [...state.questions.values()].flatMap((question): Pair[] => {
    const label = question.vote?.label ?? null;
    if (label === null) return [];
    const answers = answersOf(config, question, round).flatMap(({ turn, key }) => (turn ? [{ turn, matches: key === label }] : []));
    const own = answers.find(({ turn }) => turn.agent === agent);
    if (!own) return [];
    const { messages, verified } = rebuildPrompt(own.turn, question);
    if (!verified) return [];
    const dissent = answers.filter(({ turn, matches }) => matches !== own.matches && turn.text.trim() && turn.text !== own.turn.text);
    const same = dissent.filter(({ turn }) => turn.promptHash === own.turn.promptHash);
    const other = seededOrder(same.length ? same : dissent, ({ turn }) => turn.text, 'pairs', seed, question.question.qid)[0];
    if (!other || !own.turn.text.trim()) return [];
    const [chosen, rejected] = own.matches ? [own.turn, other.turn] : [other.turn, own.turn];
    return [
      {
        qid: question.question.qid,
        prompt: messages,
        chosen: chosen.text,
        rejected: rejected.text,
        from: [chosen.id, rejected.id],
        samePrompt: same.length > 0,
      },
    ];
  });
}
