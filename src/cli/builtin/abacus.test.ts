// The committed weights: they load everywhere, say the same everywhere, and do what the card says.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AutoModelForCausalLM, AutoTokenizer, env, type Tensor } from '@huggingface/transformers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine } from '../../models/engine';
import { createNodeEngine } from '../../models/engine-node';
import { buildLlama } from '../../onnx/llama';
import { encodeModel } from '../../onnx/proto';
import { readSafetensors, toFloat32 } from '../../onnx/safetensors';
import { answer, questionText } from '../../tasks/arithmetic/problem';
import { revisePrompt, solvePrompt, summarisePrompt } from '../../tasks/arithmetic/prompts';
import { boxed } from '../../tasks/arithmetic/steps';
import { solve, styleOf } from '../../tasks/arithmetic/styles';
import { config, modelName } from './config';
import { heldOut, namesEveryAnswer } from './probe';
import { speakWith } from './speak';
import { tokenizerConfig, tokenizerJson } from './vocabulary';

const root = 'public/models';
const folder = join(root, modelName);
const problems = heldOut('standard', 30);
let engine: Engine;
beforeAll(async () => {
  engine = await createNodeEngine(folder, { threads: 1 });
});
afterAll(() => engine.dispose());

describe('the built-in model', () => {
  it('passes the self-check of the engine', () => expect(engine.checks.filter(c => !c.passed)).toEqual([]));

  it('fits in 6 MB', () => {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile());
    expect(files.reduce((sum, file) => sum + statSync(join(file.parentPath, file.name)).size, 0)).toBeLessThan(6e6);
  });

  it('has a tokenizer and a graph that follow from this source and the checkpoint', () => {
    expect(JSON.parse(readFileSync(join(folder, 'tokenizer.json'), 'utf8'))).toEqual(tokenizerJson());
    expect(JSON.parse(readFileSync(join(folder, 'tokenizer_config.json'), 'utf8'))).toEqual(tokenizerConfig());
    const { tensors } = readSafetensors(readFileSync(join(folder, 'model.safetensors')));
    const weights = Object.fromEntries([...tensors].map(([name, t]) => [name, { dims: t.shape, data: toFloat32(t) }]));
    const emitted = encodeModel(buildLlama(config, weights, { storage: 'float16' }));
    expect(Buffer.compare(emitted, readFileSync(join(folder, 'onnx/model.onnx')))).toBe(0);
  });

  it('says the same greedily in plain transformers.js and in our engine', async () => {
    Object.assign(env, { allowRemoteModels: false, allowLocalModels: true, localModelPath: root, useFSCache: false });
    const tokenizer = await AutoTokenizer.from_pretrained(modelName);
    const model = await AutoModelForCausalLM.from_pretrained(modelName, { dtype: 'fp32', device: 'cpu' });
    const [p, q] = [problems[0]!, problems[1]!];
    const peers = [
      { name: 'Agent B', text: solve(p, 'Tens') },
      { name: 'Agent C', text: solve(p, 'Pair', value => value + 1) },
    ];
    const chats = [
      solvePrompt(questionText(p)),
      solvePrompt(questionText(q)),
      summarisePrompt(peers),
      revisePrompt(questionText(p), solve(p, 'First'), { kind: 'solutions', peers }),
      solvePrompt('How many legs does a spider have? →'),
    ];
    const ours = await speakWith(engine, 'standard')('equal', chats, 0);
    for (const [i, chat] of chats.entries()) {
      const inputs = tokenizer.apply_chat_template(chat, { add_generation_prompt: true, return_dict: true }) as { input_ids: Tensor };
      const out = (await model.generate({ ...inputs, max_new_tokens: 160, do_sample: false })) as Tensor;
      const fresh = out.slice(null, [inputs.input_ids.dims[1]!, out.dims[1]!]);
      expect(tokenizer.batch_decode(fresh, { skip_special_tokens: true })[0]).toBe(ours[i]);
    }
    await model.dispose();
  });

  it('solves in several styles, mostly rightly when greedy, and summarises what it reads', async () => {
    const speak = speakWith(engine, 'standard');
    const greedy = await speak(
      'greedy',
      problems.map(p => solvePrompt(questionText(p))),
      0,
    );
    expect(greedy.filter((text, i) => boxed(text) === answer(problems[i]!)).length).toBeGreaterThan(15);
    const sampled = await speak(
      'sampled',
      problems.map(p => solvePrompt(questionText(p))),
      1,
    );
    expect(new Set(sampled.map(styleOf)).size).toBeGreaterThanOrEqual(6);
    const peers = problems.map((p, i) => [
      { name: 'Agent A', text: greedy[i]! },
      { name: 'Agent C', text: sampled[i]! },
    ]);
    const summaries = await speak('summaries', peers.map(summarisePrompt), 0);
    expect(summaries.filter((text, i) => namesEveryAnswer(text, peers[i]!)).length).toBeGreaterThan(27);
  });
});
