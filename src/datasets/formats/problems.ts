// What can be wrong with a training file, as a reader can act on it: where, which rule, in words.

export const rules = {
  json: 'each line is one JSON object',
  shape: 'a row has the fields of its format, with the right types',
  keys: 'a row has no other fields',
  role: 'roles are system, user and assistant',
  order: 'after an optional system message, user and assistant take turns, and the assistant has the last word',
  content: 'a message has text',
  weight: 'weights are 0 or 1 and stand on assistant messages only',
  target: 'a row has something to learn',
  differ: 'the chosen answer differs from the rejected one',
  count: 'a file has enough rows',
  size: 'a file is not larger than can be read',
} as const;
export type Rule = keyof typeof rules;

export interface Problem {
  /** 1-based line of the file; 0 = the file as a whole. */
  line: number;
  rule: Rule;
  text: string;
  /** A warning does not keep the file from being used. */
  severity: 'error' | 'warning';
}

export const problem = (line: number, rule: Rule, text: string, severity: Problem['severity'] = 'error'): Problem => ({
  line,
  rule,
  text,
  severity,
});

export const problemText = ({ line, text }: Problem): string => (line ? `Line ${line}: ${text}` : text);

export const isUsable = (problems: readonly Problem[]): boolean => problems.every(({ severity }) => severity === 'warning');

/** Many vendors refuse fewer rows; OpenAI's documented minimum. */
export const fewestRows = 10;
