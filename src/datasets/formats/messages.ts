// The one check of a conversation that every format shares, whatever it calls its fields.
import type { TrainMessage } from '../records';
import { longestText } from '../schema';
import { weightOf } from '../seal';
import { problem, type Problem } from './problems';

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Fields of a row that its format does not have. Some services refuse them, others read them as something else. */
export const strangeKeys = (value: Record<string, unknown>, known: readonly string[], line: number): Problem[] =>
  Object.keys(value)
    .filter(key => !known.includes(key))
    .map(key => problem(line, 'keys', `unknown field "${key.slice(0, 40)}"`, 'warning'));

/** Reads a list of `{role, content, weight?}`; null when a message cannot be read at all. */
export function readMessages(value: unknown, line: number, field: string, into: Problem[]): TrainMessage[] | null {
  const before = into.length;
  if (!Array.isArray(value) || !value.length) {
    into.push(problem(line, 'shape', `"${field}" is not a list of messages`));
    return null;
  }
  const messages: TrainMessage[] = [];
  value.forEach((message: unknown, i) => {
    const at = `message ${i + 1}`;
    if (!isObject(message)) return into.push(problem(line, 'shape', `${at} of "${field}" is no object`));
    const { role, content, weight } = message;
    if (role !== 'system' && role !== 'user' && role !== 'assistant')
      return into.push(problem(line, 'role', `${at} has the role ${JSON.stringify(role ?? null).slice(0, 40)}`));
    if (typeof content !== 'string') return into.push(problem(line, 'content', `${at} has no text`));
    if (content.length > longestText) return into.push(problem(line, 'content', `${at} is longer than ${longestText} characters`));
    if (weight !== undefined && weight !== null) {
      if (weight !== 0 && weight !== 1)
        return into.push(problem(line, 'weight', `${at} has the weight ${JSON.stringify(weight)?.slice(0, 40)}`));
      if (role !== 'assistant') return into.push(problem(line, 'weight', `${at} is the ${role}’s and has a weight`));
      return messages.push({ role, content, weight });
    }
    return messages.push({ role, content });
  });
  return into.length === before ? messages : null;
}

/** Order, texts and targets of a conversation that trains. */
export function conversationProblems(messages: readonly TrainMessage[], line: number): Problem[] {
  const found: Problem[] = [];
  const turns = messages[0]?.role === 'system' ? messages.slice(1) : messages;
  const wrong = turns.findIndex(({ role }, i) => role !== (i % 2 ? 'assistant' : 'user'));
  if (wrong >= 0)
    found.push(
      problem(
        line,
        'order',
        `message ${messages.indexOf(turns[wrong]!) + 1} is the ${turns[wrong]!.role}’s, where the ${wrong % 2 ? 'assistant' : 'user'} is to speak`,
      ),
    );
  else if (turns.length === 0 || turns.length % 2) found.push(problem(line, 'order', 'the last word is not the assistant’s'));
  messages.forEach((message, i) => {
    if (message.content.trim()) return;
    // A model may have said nothing in an earlier round; as context that is what the next round read.
    const harmless = message.role === 'assistant' && weightOf(message) === 0;
    found.push(problem(line, 'content', `message ${i + 1} is empty`, harmless ? 'warning' : 'error'));
  });
  if (!messages.some(message => weightOf(message) === 1)) found.push(problem(line, 'target', 'no assistant message is trained'));
  return found;
}

/** Conversations that end on each trained turn: for formats that train the last turn and no other. */
export const byTarget = (messages: readonly TrainMessage[]): TrainMessage[][] =>
  messages.flatMap((message, i) => (weightOf(message) ? [messages.slice(0, i + 1)] : []));

/** Only the last turn is trained; one alone needs no weight to say so. */
export function onlyLast(messages: readonly TrainMessage[]): TrainMessage[] {
  const spoken = messages.filter(({ role }) => role === 'assistant').length;
  return messages.map(({ role, content }, i) =>
    role === 'assistant' && spoken > 1 ? { role, content, weight: i === messages.length - 1 ? 1 : 0 } : { role, content },
  );
}
