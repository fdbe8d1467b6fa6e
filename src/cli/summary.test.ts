import { expect, it } from 'vitest';
import { configOf, debate, startOf } from '../debate/scripted.fixture';
import { summary } from './summary';

it('tells agreement and distinct answers with their n and interval, where the questions show one', async () => {
  const [first] = startOf(configOf(), 4).questions;
  // All agree on the first question and on no other one.
  const { state } = await debate(configOf(), ({ draw }) => `So \\boxed{${draw.qid === first!.qid ? 7 : draw.agent}}`, { count: 4 });
  const text = summary(state);
  // One 1 and three 1/3: mean 0.5, standard error 1/6; one 1 and three 3: 2.5 and 0.5.
  expect(text).toMatch(/Round 1\s+0\.50 \(0\.17–0\.83\)\s+2\.50 \(1\.52–3\.00\)/);
  expect(text).toContain('Means over 4 questions, in brackets normal 95 % intervals');
  const { state: alike } = await debate(configOf(), () => 'So \\boxed{7}', { count: 4 });
  expect(summary(alike)).toMatch(/Round 1\s+1\.00\s+1\.00\s/);
});
