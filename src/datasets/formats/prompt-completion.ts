// TRL prompt–completion: `{"prompt":[…], "completion":[…]}`, where only the completion is trained. Plain strings are read too.
import type { TrainMessage } from '../records';
import type { Format } from './format';
import { jsonLines } from './lines';
import { byTarget, conversationProblems, onlyLast, readMessages, strangeKeys } from './messages';
import type { Problem } from './problems';

const bare = ({ role, content }: TrainMessage) => ({ role, content });

/** Prompt or answer of TRL's conversational or plain form. */
export function sideOf(
  value: unknown,
  role: 'user' | 'assistant',
  line: number,
  field: string,
  problems: Problem[],
): TrainMessage[] | null {
  if (typeof value === 'string') return [{ role, content: value }];
  return readMessages(value, line, field, problems);
}

export const promptCompletion: Format = {
  id: 'prompt-completion',
  title: 'TRL prompt–completion',
  about:
    'What was read and what was said, apart; the trainer’s loss covers the completion only. A row with several trained turns becomes several lines.',
  file: agent => `${agent}/train.jsonl`,
  write: rows =>
    jsonLines(
      rows.flatMap(({ messages }) =>
        byTarget(messages).map(turns => ({ prompt: turns.slice(0, -1).map(bare), completion: [bare(turns.at(-1)!)] })),
      ),
    ),
  recognises: value => 'completion' in value,
  read(value, line, problems) {
    problems.push(...strangeKeys(value, ['prompt', 'completion'], line));
    const prompt = sideOf(value.prompt, 'user', line, 'prompt', problems);
    const completion = sideOf(value.completion, 'assistant', line, 'completion', problems);
    if (!prompt || !completion) return [];
    const messages = onlyLast([...prompt, ...completion]);
    problems.push(...conversationProblems(messages, line));
    return [messages];
  },
};
