// The built-in model is an ordinary one: transformers.js loads its folder and says, greedily, what the engine says.
import { AutoModelForCausalLM, AutoTokenizer, env, type Tensor } from '@huggingface/transformers';
import { resolve } from 'node:path';
import { expect, it } from 'vitest';

import type { EngineOutput } from './engine';
import { createNodeEngine } from './engine-node';

const models = resolve(import.meta.dirname, '../../public/models');
const questions = ['What is 12+3*17+20-4*2?', 'What is 7+5*6+31-8*3?', 'What is 9+9*9+9-9*9?'];

it('greedy text of the engine equals that of the library', { timeout: 120_000 }, async () => {
  const engine = await createNodeEngine(resolve(models, 'abacus'), { threads: 1 });
  const said = new Map<string, EngineOutput>();
  await engine.generate(
    questions.map(content => ({
      id: content,
      messages: [{ role: 'user', content }],
      adapter: null,
      sampling: { temperature: 0, topK: 0, topP: 1, minP: 0, maxNewTokens: 100 },
      draw: { seed: 0, qid: content, agent: 0, role: 'generator', round: 1, attempt: 0 },
    })),
    update => update.type === 'done' && said.set(update.output.id, update.output),
    new AbortController().signal,
  );
  expect(engine.checks.filter(c => !c.passed)).toEqual([]);
  await engine.dispose();
  Object.assign(env, { allowLocalModels: true, allowRemoteModels: false, localModelPath: `${models}/` });
  const tokenizer = await AutoTokenizer.from_pretrained('abacus');
  const model = await AutoModelForCausalLM.from_pretrained('abacus', { dtype: 'fp32', device: 'cpu' });
  for (const content of questions) {
    const inputs = tokenizer.apply_chat_template([{ role: 'user', content }], {
      add_generation_prompt: true,
      return_dict: true,
    }) as unknown as { input_ids: Tensor };
    const output = (await model.generate({ ...inputs, max_new_tokens: 100, do_sample: false } as never)) as Tensor;
    const ids = (output.tolist() as bigint[][])[0]!.slice(inputs.input_ids.dims[1]);
    expect(said.get(content)!.text).toBe(tokenizer.decode(ids.map(Number), { skip_special_tokens: true }));
    expect(said.get(content)!.text.length).toBeGreaterThan(10);
  }
  await model.dispose();
});
