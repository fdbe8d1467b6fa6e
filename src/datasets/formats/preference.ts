// TRL preference pairs: `{"prompt":[…], "chosen":[…], "rejected":[…]}`. Read in part: the chosen answer is a row, the rejected one is left behind.
import type { TrainMessage } from '../records';
import type { Pair } from '../pairs';
import type { Format } from './format';
import { jsonLines } from './lines';
import { conversationProblems, onlyLast, strangeKeys } from './messages';
import { problem, type Problem } from './problems';
import { sideOf } from './prompt-completion';

const said = (content: string): TrainMessage[] => [{ role: 'assistant', content }];

export const trlPairs = (pairs: readonly Pair[]): string =>
  jsonLines(pairs.map(({ prompt, chosen, rejected }) => ({ prompt, chosen: said(chosen), rejected: said(rejected) })));

/** The same pairs in OpenAI's and Together's field names. */
export const openaiPairs = (pairs: readonly Pair[]): string =>
  jsonLines(
    pairs.map(({ prompt, chosen, rejected }) => ({
      input: { messages: prompt },
      preferred_output: said(chosen),
      non_preferred_output: said(rejected),
    })),
  );

function readPair(prompt: unknown, chosen: unknown, rejected: unknown, line: number, problems: Problem[]): TrainMessage[][] {
  const [asked, good, bad] = [
    sideOf(prompt, 'user', line, 'prompt', problems),
    sideOf(chosen, 'assistant', line, 'chosen', problems),
    sideOf(rejected, 'assistant', line, 'rejected', problems),
  ];
  if (!asked || !good || !bad) return [];
  if (JSON.stringify(good) === JSON.stringify(bad))
    problems.push(problem(line, 'differ', 'the chosen and the rejected answer are the same'));
  problems.push(...conversationProblems(onlyLast([...asked, ...bad]), line));
  const messages = onlyLast([...asked, ...good]);
  problems.push(...conversationProblems(messages, line));
  return [messages];
}

export const preference: Format = {
  id: 'preference',
  title: 'TRL preference',
  about: 'Answers that match the vote over answers that do not, for DPO. Critics’ pairs share the question but not the prompt.',
  file: agent => `${agent}/train.jsonl`,
  write: null,
  recognises: value => 'chosen' in value || 'preferred_output' in value,
  note: 'Only the chosen answers were taken over: a training set holds no rejected ones.',
  read(value, line, problems) {
    if ('preferred_output' in value) {
      problems.push(...strangeKeys(value, ['input', 'preferred_output', 'non_preferred_output'], line));
      const prompt = (value.input as { messages?: unknown } | null)?.messages;
      return readPair(prompt, value.preferred_output, value.non_preferred_output, line, problems);
    }
    problems.push(...strangeKeys(value, ['prompt', 'chosen', 'rejected'], line));
    return readPair(value.prompt, value.chosen, value.rejected, line, problems);
  },
};
