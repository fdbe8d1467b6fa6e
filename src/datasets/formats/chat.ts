// OpenAI chat JSONL: `{"messages":[{role, content, weight?}, …]}`. The canonical form: it alone says which turns are trained.
import type { DataRow } from '../records';
import { jsonLines } from './lines';
import type { Format } from './format';
import { conversationProblems, readMessages, strangeKeys } from './messages';

export const chatJsonl = (rows: readonly DataRow[]): string => jsonLines(rows.map(({ messages }) => ({ messages })));

export const chat: Format = {
  id: 'chat',
  title: 'OpenAI chat JSONL',
  about:
    'One conversation a line; a weight of 0 marks turns that are context only. For this page’s own trainer and OpenAI-shaped services.',
  file: agent => `${agent}.jsonl`,
  write: chatJsonl,
  recognises: value => 'messages' in value,
  read(value, line, problems) {
    problems.push(...strangeKeys(value, ['messages'], line));
    const messages = readMessages(value.messages, line, 'messages', problems);
    if (messages) problems.push(...conversationProblems(messages, line));
    return messages ? [messages] : [];
  },
};
