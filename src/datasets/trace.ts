// From turns to a row: what an agent read, word for word, and what it said then.
import type { QuestionState, RunState } from '../debate/fold';
import type { Turn } from '../debate/events';
import { promptHash, rebuildPrompt } from '../debate/prompts';
import type { DataRow, DatasetConfig, TrainMessage } from './records';
import { rowHash } from './seal';

/** A cut-off text without an answer has neither content nor an end to learn. One whose answer was parsed counts in the vote, and as a row. */
const isWorthless = (turn: Turn): boolean => turn.finish === 'length' && turn.answer === null;

/**
 * The row of a turn: its prompt as it was sent, then the turn itself. `from[i]` spoke the i-th assistant message.
 *
 * A target is only ever trained after the very prompt it answered. With `lossOn: 'all'` an earlier answer shown in the prompt is a target where
 * it stands under its own prompt (a whole chat, or the first answer under the bare question); where the prompt shows it differently
 * (`seeOwn: false` shows none, the built-in set shows the last answer under the bare question) it stays context.
 * @returns null when the prompt cannot be rebuilt as it was sent, so that training would not match inference
 */
export function rowOf(
  state: RunState,
  question: QuestionState,
  turn: Turn,
  kind: DataRow['kind'],
  lossOn: DatasetConfig['lossOn'],
): DataRow | null {
  const { messages: read, verified } = rebuildPrompt(turn, question);
  if (!verified) return null;
  const from = [...turn.prompt.own, turn.id];
  const spoken = from.map(id => question.turns.get(id)!);
  const chat = [...read, { role: 'assistant' as const, content: turn.text }];
  let said = 0;
  const messages = chat.map(({ role, content }, i): TrainMessage => {
    if (role !== 'assistant' || kind === 'first') return { role, content };
    const speech = spoken[said++]!;
    const isLast = i === chat.length - 1;
    const isTarget = isLast || (lossOn === 'all' && !isWorthless(speech) && promptHash(chat.slice(0, i)) === speech.promptHash);
    return { role, content, weight: isTarget ? 1 : 0 };
  });
  return { hash: rowHash(messages), kind, qid: turn.qid, speaker: turn.agent, run: state.start!.run, from, messages };
}
