// The wording of every prompt, as data. A template turns a question and what is shown of others into one user turn.
import { expression, parseQuestion, questionText } from '../tasks/arithmetic/problem';
import { agentName, revisePrompt, summarisePrompt, type Peer, type Shown } from '../tasks/arithmetic/prompts';
import { arithmeticOf } from '../tasks/tasks';

export type { Peer, Shown };
export { agentName };

/** What a template is about: the question as shown, and which task it belongs to. */
export interface Asked {
  text: string;
  task: string;
}

export interface PromptSet {
  id: string;
  title: string;
  about: string;
  /** How much of its own past a critic reads: only its last answer under the bare question, or the whole chat so far. */
  history: 'last' | 'chat';
  /** How the question is put; most sets leave it as it is. */
  question(text: string): string;
  /** How a peer's answer is written where it is quoted. */
  quote(text: string): string;
  solve(asked: Asked): string;
  summarise(peers: readonly Peer[]): string;
  revise(asked: Asked, shown: Shown): string;
}

const lastTurn = (messages: readonly { content: string }[]): string => messages.at(-1)!.content;

const builtin: PromptSet = {
  id: 'builtin',
  title: 'Built-in model',
  about: 'The few words the built-in model was trained on. The question stands last in a critic’s prompt.',
  history: 'last',
  // It has met arithmetic in this one form only, so that is how arithmetic is put to it.
  question: text => {
    const problem = arithmeticOf(text);
    return problem ? questionText(problem) : text;
  },
  quote: text => text.replace(/\s*\n\s*/g, ' '),
  solve: ({ text }) => text,
  summarise: peers => lastTurn(summarisePrompt(peers)),
  revise: ({ text }, shown) => lastTurn(revisePrompt(text, null, shown)),
};

const solutions = (peers: readonly Peer[]): string => peers.map(({ name, text }) => `${name} wrote:\n${text}\n\n`).join('');
const finish = 'End with your final answer in the form \\boxed{answer}.';

const general: PromptSet = {
  id: 'default',
  title: 'General',
  about: 'Our own wording for instruction-tuned models. A critic reads the question last.',
  history: 'chat',
  question: text => text,
  quote: text => text,
  solve: ({ text }) => `${text}\n\nThink step by step, briefly. ${finish}`,
  summarise: peers =>
    `${solutions(peers)}Summarise what was written above in a few sentences. Name every distinct final answer and who gives it, and point out the first step where the solutions differ. Do not add a solution of your own.`,
  revise: ({ text }, shown) => {
    const check = `step by step, briefly. ${finish}\n\nQuestion: ${text}`;
    if (shown.kind === 'summary')
      return `A summary of what the others answered:\n${shown.text}\n\nUse it as advice that may be wrong. Check the disputed steps, then answer the question again ${check}`;
    if (shown.kind === 'solutions')
      return `${solutions(shown.peers)}Use these answers as advice that may be wrong. Check the steps where they differ, then answer the question again ${check}`;
    return `Check your answer and answer the question again ${check}`;
  },
};

// Short factual strings of the published code, slips included (method.md §4); everything else in this file is ours.
const opinions = (peers: readonly Peer[]): string => peers.map(({ text }) => `\n\n One agent response: \`\`\`${text}\`\`\``).join('');
const plain = (peers: readonly Peer[]): string => peers.map(({ text }) => `\n\n One agent response: ${text}`).join('');
const boxAtEnd = 'Your final answer should be be in the form \\boxed{answer} given at the end of your response.';

const paper: PromptSet = {
  id: 'paper',
  title: 'As published',
  about: 'The wording of the published code: MATH for the finetuning paper, arithmetic for the debate paper. Agents are not named.',
  history: 'chat',
  question: text => text,
  quote: text => text,
  solve: ({ text, task }) => {
    const problem = task === 'arithmetic' ? parseQuestion(text) : null;
    if (problem) return `What is the result of ${expression(problem)}? Make sure to state your answer at the end of the response.`;
    return `Can you solve the following math problem? ${text} Provide a bullet point summary of your reasoning. Your final answer should be a single answer, in the form \\boxed{answer}, at the end of your response.`;
  },
  summarise: peers =>
    `Here are a list of opinions from different agents: ${opinions(peers)}\n\n Write a summary of the different opinions from each of the individual agent and explain the reasoning in each solution.`,
  revise: ({ text, task }, shown) => {
    if (shown.kind === 'summary')
      return `Here is a summary of solutions from several other agents: ${shown.text}\n\n Examine each these solutions as additional advice, can solve ${text} and give your updated answer? Explain your reasoning. \n ${boxAtEnd}`;
    if (shown.kind === 'none')
      return 'Can you double check that your answer is correct? Please reiterate your answer, with your final answer a single answer of the form \\boxed{answer} at the end of your response.';
    return task === 'arithmetic'
      ? `These are the recent/updated opinions from other agents: ${opinions(shown.peers)}\n\n Use these opinions carefully as additional advice, can you provide an updated answer? Make sure to state your answer at the end of the response.`
      : `Here is are solution from other agents: ${plain(shown.peers)}\n\n Using each response as additional advice, can you give an updated bullet by bullet answer to ${text}? ${boxAtEnd}`;
  },
};

export const promptSets: readonly PromptSet[] = [builtin, general, paper];

/** @throws RangeError for a set this version does not have */
export function promptSetById(id: string): PromptSet {
  const set = promptSets.find(candidate => candidate.id === id);
  if (!set) throw new RangeError(`no prompt set "${id}"; there is ${promptSets.map(known => known.id).join(', ')}`);
  return set;
}
