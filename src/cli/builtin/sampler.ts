// A plain batched sampler for judging checkpoints while they train; the product's engine is in `models`.
import * as ort from 'onnxruntime-node';
import { buildLlama, type LlamaConfig, type Weights } from '../../onnx/llama';
import { encodeModel } from '../../onnx/proto';
import type { Random } from '../../tasks/arithmetic/random';
import { decode, encodeChat, END, PAD } from './vocabulary';

type Chat = readonly { role: 'user' | 'assistant'; content: string }[];
const int64 = (values: number[], dims: number[]): ort.Tensor => new ort.Tensor('int64', BigInt64Array.from(values, BigInt), dims);

/** Index drawn from softmax(logits / temperature); the largest at temperature 0. */
function draw(logits: Float32Array, temperature: number, random: Random): number {
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i]! > logits[best]!) best = i;
  if (temperature === 0) return best;
  const weights = logits.map(x => Math.exp((x - logits[best]!) / temperature));
  let left = random() * weights.reduce((a, b) => a + b, 0);
  for (let i = 0; i < weights.length; i++) if ((left -= weights[i]!) < 0) return i;
  return best;
}

export interface Sampler {
  /** One text per chat. */
  sample(chats: readonly Chat[], temperature: number, random: Random): Promise<string[]>;
  release(): Promise<void>;
}

const maxNew = 128;
const rowsAtOnce = 64;

export async function createSampler(config: LlamaConfig, weights: Weights, threads: number): Promise<Sampler> {
  const session = await ort.InferenceSession.create(encodeModel(buildLlama(config, weights)), {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
  });

  async function chunk(prompts: number[][], temperature: number, random: Random): Promise<string[]> {
    const batch = prompts.length;
    const width = Math.max(...prompts.map(p => p.length));
    const lengths = prompts.map(p => p.length);
    const texts: number[][] = prompts.map(() => []);
    const done = prompts.map(() => false);
    const mask = (w: number): ort.Tensor =>
      int64(
        lengths.flatMap(n => Array.from({ length: w }, (_, i) => +(i < n))),
        [batch, w],
      );
    let past: Record<string, ort.Tensor> = Object.fromEntries(
      Array.from({ length: config.layers }, (_, l) => [`past_key_values.${l}.key`, `past_key_values.${l}.value`])
        .flat()
        .map(name => [name, new ort.Tensor('float32', new Float32Array(0), [batch, config.kvHeads, 0, config.headDim])]),
    );
    let ids = int64(
      prompts.flatMap(p => [...p, ...Array<number>(width - p.length).fill(PAD)]),
      [batch, width],
    );
    for (let step = 0; step < maxNew; step++) {
      const out = await session.run({ input_ids: ids, attention_mask: mask(width + step), ...past });
      const logits = out.logits!.data as Float32Array;
      const span = out.logits!.dims[1]!;
      const next = prompts.map((_, row) => {
        if (done[row]) return PAD;
        const at = (row * span + (step === 0 ? lengths[row]! - 1 : 0)) * config.vocab;
        const token = draw(logits.subarray(at, at + config.vocab), temperature, random);
        if (token === END) done[row] = true;
        else texts[row]!.push(token);
        return token;
      });
      if (done.every(Boolean)) break;
      for (let row = 0; row < batch; row++) lengths[row]!++;
      ids = int64(next, [batch, 1]);
      past = Object.fromEntries(
        Object.entries(out).flatMap(([name, t]) =>
          name === 'logits' ? [] : [[name.replace('present', 'past_key_values'), t as ort.Tensor]],
        ),
      );
    }
    return texts.map(decode);
  }

  return {
    async sample(chats, temperature, random) {
      // Rows of like length share a chunk; the texts come back in the order of the chats.
      const order = chats.map((chat, i) => ({ i, tokens: encodeChat(chat) })).sort((x, y) => x.tokens.length - y.tokens.length);
      const texts = new Array<string>(chats.length);
      for (let from = 0; from < order.length; from += rowsAtOnce) {
        const part = order.slice(from, from + rowsAtOnce);
        const out = await chunk(
          part.map(p => p.tokens),
          temperature,
          random,
        );
        part.forEach((p, k) => (texts[p.i] = out[k]!));
      }
      return texts;
    },
    release: () => session.release(),
  };
}
