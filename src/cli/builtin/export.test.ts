import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AutoModelForCausalLM, AutoTokenizer, env, type PreTrainedTokenizer, type Tensor } from '@huggingface/transformers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSafetensors, toFloat32 } from '../../onnx/safetensors';
import { revisePrompt, solvePrompt, summarisePrompt } from '../../tasks/arithmetic/prompts';
import { seededRandom } from '../../tasks/arithmetic/random';
import { solve } from '../../tasks/arithmetic/styles';
import { config, initialWeights } from './config';
import { asHalves, exportModel } from './export';
import { createSampler } from './sampler';
import { decode, encode, encodeChat, UNKNOWN, vocabulary } from './vocabulary';

const root = mkdtempSync(join(tmpdir(), 'polylogue-'));
const small = { ...config, layers: 2, maxPositions: 256 };
const weights = initialWeights(small, 'test');
const chats = [
  solvePrompt('What is 2+7*4+9-4*8?'),
  summarisePrompt([{ name: 'Agent B', text: solve([2, 7, 4, 9, 4, 8], 'Tens') }]),
  revisePrompt('What is 2+7*4+9-4*8?', solve([2, 7, 4, 9, 4, 8], 'First'), { kind: 'summary', text: 'Agent B: 7. Agent C: 7. All agree.' }),
];
let tokenizer: PreTrainedTokenizer;

beforeAll(async () => {
  exportModel(join(root, 'm'), small, weights);
  Object.assign(env, { allowRemoteModels: false, allowLocalModels: true, localModelPath: root, useFSCache: false });
  tokenizer = await AutoTokenizer.from_pretrained('m');
});
afterAll(() => rmSync(root, { recursive: true }));

describe('vocabulary', () => {
  it('holds no text twice and gives plain text back', () => {
    expect(new Set(vocabulary).size).toBe(vocabulary.length);
    const text = `${String.fromCharCode(...Array.from({ length: 95 }, (_, i) => i + 32))}\nSo \\boxed{-12}. Agent A: 3 or 4`;
    expect(decode(encode(text))).toBe(text);
    expect(encode('14')).toHaveLength(2);
  });
  it('keeps a place for every character it does not know', () => {
    expect(encode('a→é😀b').filter(id => id === UNKNOWN)).toHaveLength(3);
  });
});

describe('the exported folder in plain transformers.js', () => {
  it('reads the same tokens, in chats and in any text', () => {
    for (const chat of chats) {
      const ids = tokenizer.apply_chat_template(chat, { add_generation_prompt: true, return_tensor: false, return_dict: false });
      expect(ids).toEqual(encodeChat(chat));
    }
    for (const text of ['How many  legs do 3 spiders have? Tab\there, naïve → 😀!', '', ' ', '\\boxed{1}\n\n', '12/5-3'])
      expect(tokenizer.encode(text), text).toEqual(encode(text));
  });

  it('writes the same greedy text as a direct session', async () => {
    const model = await AutoModelForCausalLM.from_pretrained('m', { dtype: 'fp32', device: 'cpu' });
    const sampler = await createSampler(small, asHalves(weights), 1);
    const texts = await sampler.sample(chats, 0, seededRandom(0));
    for (const [i, chat] of chats.entries()) {
      const inputs = tokenizer.apply_chat_template(chat, { add_generation_prompt: true, return_dict: true }) as { input_ids: Tensor };
      const out = (await model.generate({ ...inputs, max_new_tokens: 24, do_sample: false })) as Tensor;
      const fresh = (out.tolist() as bigint[][])[0]!.slice(inputs.input_ids.dims[1]).map(Number);
      expect(decode(fresh).length).toBeGreaterThan(5);
      expect(texts[i]!.slice(0, decode(fresh).length)).toBe(decode(fresh));
    }
    await Promise.all([sampler.release(), model.dispose()]);
  });

  it('holds the same numbers in the checkpoint and in the graph', () => {
    const { tensors } = readSafetensors(readFileSync(join(root, 'm/model.safetensors')));
    for (const [name, { data }] of Object.entries(asHalves(weights))) expect(toFloat32(tensors.get(name)!)).toEqual(data);
  });
});
