import { describe, expect, it } from 'vitest';
import type { QuestionState } from './fold';
import { rebuildPrompt, renderPrompt } from './prompts';
import { configOf, debate, startOf, type Script } from './scripted.fixture';
import { promptSetById } from './templates';

const expression = startOf(configOf(), 1).questions[0]!.text.slice('What is '.length, -1);
const says: Script = ({ draw }) => `${draw.role} ${draw.agent} of round ${draw.round}\n\\boxed{${draw.agent}}`;

async function promptOf(turn: string, change: Parameters<typeof configOf>[0]): Promise<string[]> {
  const { state } = await debate(configOf({ peerOrder: 'fixed', ...change }), says, { count: 1 });
  const [question] = state.questions.values();
  const [, found] = [...question!.turns].find(([id]) => id.endsWith(turn))!;
  return renderPrompt(found.prompt, question!).messages.map(({ role, content }) => `${role}: ${content}`);
}

describe('prompts', () => {
  it('the built-in set: last own answer under the bare question, then what others said, the question last', async () => {
    expect(await promptOf('/3.1.critic', { rounds: 3 })).toEqual([
      `user: What is ${expression}?`,
      'assistant: critic 1 of round 2\n\\boxed{1}',
      `user: Summary: summariser 1 of round 3\n\\boxed{1}\nWhat is ${expression}?`,
    ]);
    expect(await promptOf('/2.1.summariser', {})).toEqual([
      'user: Agent A: generator 0 of round 1 \\boxed{0}\nAgent C: generator 2 of round 1 \\boxed{2}\nSummarise.',
    ]);
    expect(await promptOf('/2.0.critic', { seeOwn: false, share: 'concat' })).toEqual([
      `user: Agent B: generator 1 of round 1 \\boxed{1}\nAgent C: generator 2 of round 1 \\boxed{2}\nWhat is ${expression}?`,
    ]);
  });

  it('the general set: the whole chat of the speaker, the question last', async () => {
    const messages = await promptOf('/3.0.critic', { promptSet: 'default', rounds: 3 });
    expect(messages.map(message => message.slice(0, message.indexOf(':')))).toEqual(['user', 'assistant', 'user', 'assistant', 'user']);
    expect(messages[4]!.endsWith(`Question: What is ${expression}?`)).toBe(true);
    expect(messages[4]).toContain('summariser 0 of round 3');
    expect(messages[2]).toContain('summariser 0 of round 2');
  });

  it('the paper set: its published strings, arithmetic', async () => {
    const first = `What is the result of ${expression}? Make sure to state your answer at the end of the response.`;
    const set = { promptSet: 'paper' } as const;
    expect(await promptOf('/1.0.generator', set)).toEqual([`user: ${first}`]);
    expect((await promptOf('/2.0.critic', { ...set, share: 'concat' })).at(-1)).toBe(
      'user: These are the recent/updated opinions from other agents: \n\n One agent response: ```generator 1 of round 1\n\\boxed{1}```\n\n One agent response: ```generator 2 of round 1\n\\boxed{2}```\n\n Use these opinions carefully as additional advice, can you provide an updated answer? Make sure to state your answer at the end of the response.',
    );
    // Without the chat that holds the question, it is put in front.
    expect((await promptOf('/2.0.critic', { ...set, share: 'none', seeOwn: false }))[0]).toMatch(
      /^user: What is the result of .*\n\nCan you double check/,
    );
  });

  it('the paper set: its published strings, MATH', () => {
    const set = promptSetById('paper');
    const asked = { text: 'Q', task: 'own' };
    const peers = [{ name: 'Agent B', text: 'b' }];
    expect(set.solve(asked)).toMatchInlineSnapshot(
      `"Can you solve the following math problem? Q Provide a bullet point summary of your reasoning. Your final answer should be a single answer, in the form \\boxed{answer}, at the end of your response."`,
    );
    expect(set.summarise(peers)).toMatchInlineSnapshot(`
      "Here are a list of opinions from different agents: 

       One agent response: \`\`\`b\`\`\`

       Write a summary of the different opinions from each of the individual agent and explain the reasoning in each solution."
    `);
    expect(set.revise(asked, { kind: 'summary', text: 'S' })).toMatchInlineSnapshot(`
      "Here is a summary of solutions from several other agents: S

       Examine each these solutions as additional advice, can solve Q and give your updated answer? Explain your reasoning. 
       Your final answer should be be in the form \\boxed{answer} given at the end of your response."
    `);
    expect(set.revise(asked, { kind: 'solutions', peers })).toMatchInlineSnapshot(`
      "Here is are solution from other agents: 

       One agent response: b

       Using each response as additional advice, can you give an updated bullet by bullet answer to Q? Your final answer should be be in the form \\boxed{answer} given at the end of your response."
    `);
    expect(set.revise(asked, { kind: 'none' })).toMatchInlineSnapshot(
      `"Can you double check that your answer is correct? Please reiterate your answer, with your final answer a single answer of the form \\boxed{answer} at the end of your response."`,
    );
  });

  it('the built-in set puts arithmetic in the one form its model knows, and leaves everything else alone', () => {
    const set = promptSetById('builtin');
    expect(set.question('1 + 2*3 + 4 - 5*6')).toBe('What is 1+2*3+4-5*6?');
    expect(set.question('Why 1+2*3+4-5*6?')).toBe('Why 1+2*3+4-5*6?');
  });

  it('a changed text, question or reference is noticed', async () => {
    const { state } = await debate(configOf(), says, { count: 1 });
    const [question] = state.questions.values();
    const critic = [...question!.turns.values()].find(({ role }) => role === 'critic')!;
    expect(rebuildPrompt(critic, question!).verified).toBe(true);
    const read = critic.prompt.summary!;
    const forged = new Map(question!.turns).set(read, { ...question!.turns.get(read)!, text: 'Everybody agrees on 7.' });
    expect(rebuildPrompt(critic, { ...question!, turns: forged }).verified).toBe(false);
    const other: QuestionState = { ...question!, question: { ...question!.question, text: 'What is 1+1*1+1-1*1?' } };
    expect(rebuildPrompt(critic, other).verified).toBe(false);
    expect(() => rebuildPrompt({ ...critic, prompt: { ...critic.prompt, own: ['gone'] } }, question!)).toThrow(/quotes turn gone/);
    expect(() => rebuildPrompt({ ...critic, prompt: { ...critic.prompt, template: 'builtin/sing' } }, question!)).toThrow(
      /no prompt template/,
    );
    expect(() => rebuildPrompt({ ...critic, prompt: { ...critic.prompt, template: 'nonsense' } }, question!)).toThrow(/no prompt set/);
  });

  it('the pieces of a prompt name what they quote', async () => {
    const { state } = await debate(configOf({ share: 'concat', peerOrder: 'fixed' }), says, { count: 1 });
    const [question] = state.questions.values();
    const { qid } = question!.question;
    const { parts } = rebuildPrompt(question!.turns.get(`${qid}/2.1.critic`)!, question!);
    expect(parts.filter(({ name }) => name !== 'wording').map(({ message, name, source }) => [message, name, source ?? null])).toEqual([
      [0, 'question', null],
      [1, 'own answer', `${qid}/1.1.generator`],
      [2, 'peer', `${qid}/1.0.generator`],
      [2, 'peer', `${qid}/1.2.generator`],
      [2, 'question', null],
    ]);
  });
});
