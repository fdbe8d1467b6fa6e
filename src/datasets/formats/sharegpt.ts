// ShareGPT as LLaMA-Factory reads it: `{"conversations":[{from, value}, …]}` with human, gpt and system.
import type { TrainMessage } from '../records';
import type { Format } from './format';
import { jsonLines } from './lines';
import { byTarget, conversationProblems, isObject, onlyLast, readMessages, strangeKeys } from './messages';

const names = { system: 'system', user: 'human', assistant: 'gpt' } as const;
const roles: Record<string, TrainMessage['role']> = {
  system: 'system',
  human: 'user',
  user: 'user',
  gpt: 'assistant',
  assistant: 'assistant',
};

export const sharegpt: Format = {
  id: 'sharegpt',
  title: 'ShareGPT',
  about: 'Conversations of human and gpt, with the dataset_info.json and the settings LLaMA-Factory needs to train the last turn only.',
  file: agent => `${agent}.jsonl`,
  write: rows =>
    jsonLines(
      rows.flatMap(({ messages }) =>
        byTarget(messages).map(turns => ({ conversations: turns.map(({ role, content }) => ({ from: names[role], value: content })) })),
      ),
    ),
  recognises: value => 'conversations' in value,
  read(value, line, problems) {
    problems.push(...strangeKeys(value, ['conversations', 'system', 'id'], line));
    const turns = Array.isArray(value.conversations)
      ? value.conversations.map((turn: unknown) =>
          isObject(turn) && typeof turn.from === 'string' ? { role: roles[turn.from] ?? turn.from, content: turn.value } : turn,
        )
      : value.conversations;
    const read = readMessages(turns, line, 'conversations', problems);
    if (!read) return [];
    const system = typeof value.system === 'string' && value.system ? [{ role: 'system' as const, content: value.system }] : [];
    const messages = onlyLast([...system, ...read]);
    problems.push(...conversationProblems(messages, line));
    return [messages];
  },
};
