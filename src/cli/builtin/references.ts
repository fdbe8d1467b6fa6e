// The fixed prompts whose logits are recorded beside the weights, one per skill: a device that computes something else is found out at load.
import { questionText, type Problem } from '../../tasks/arithmetic/problem';
import { revisePrompt, solvePrompt, summarisePrompt, summaryText } from '../../tasks/arithmetic/prompts';
import { solve } from '../../tasks/arithmetic/styles';

const problem: Problem = [2, 7, 4, 9, 4, 8];
const question = questionText(problem);
const peers = [
  { name: 'Agent B', text: solve(problem, 'Tens') },
  { name: 'Agent C', text: solve(problem, 'First', value => (value === 32 ? 33 : value)) },
];

export const referencePrompts = [
  solvePrompt(question),
  summarisePrompt(peers),
  revisePrompt(question, solve(problem, 'Pair'), { kind: 'summary', text: summaryText(peers) }),
];
