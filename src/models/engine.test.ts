import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { mergeAdapter, randomAdapter } from '../onnx/fixtures/adapters';
import { quantiseModel } from '../onnx/fixtures/quantise';
import { randomWeights, tinyConfig } from '../onnx/fixtures/weights';
import { buildLlama } from '../onnx/llama';
import { readAdapter, writeAdapter } from '../onnx/peft';
import { encodeModel } from '../onnx/proto';
import type { Engine, EngineOutput, EngineRow, EngineUpdate } from './engine';
import { tinyEngine, tinyRows } from './fixtures/tiny-engine';
import { tinyModel } from './fixtures/tiny-model';

const adapterOf = (seed: number, targets?: string[]) =>
  writeAdapter(randomAdapter(tinyConfig, { rank: 3, seed, strength: 2, ...(targets ? { targets } : {}) }), { alpha: 6, baseModel: null });
const adapters = new Map([
  ['a', adapterOf(1)],
  ['b', adapterOf(2, ['q_proj', 'down_proj'])],
]);

async function speak(engine: Engine, rows: readonly EngineRow[], signal = new AbortController().signal) {
  const updates: EngineUpdate[] = [];
  await engine.generate(rows, u => updates.push(u), signal);
  const outputs = new Map(updates.flatMap(u => (u.type === 'done' ? [[u.output.id, u.output] as const] : [])));
  return { updates, outputs };
}
const words = ({ text, logprobs, ends, finish }: EngineOutput) => ({ text, logprobs, ends, finish });

let engine: Engine;
let adapted: Engine;
beforeAll(async () => {
  engine = await tinyEngine();
  adapted = await tinyEngine({ adapters });
});
afterAll(async () => {
  await engine?.dispose();
  await adapted?.dispose();
});

describe('a draw depends on who speaks where, and on nothing else', () => {
  const rows = tinyRows(9, i => ({ adapter: [null, 'a', 'b'][i % 3]! }));
  let alone: Map<string, EngineOutput>;
  beforeAll(async () => {
    alone = new Map();
    for (const row of rows) for (const [id, output] of (await speak(adapted, [row])).outputs) alone.set(id, output);
  });

  it('in any order, any company and any batch width: the same text, ends and log-probabilities to the last bit', async () => {
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(rows, { minLength: 1 }), async some => {
        const { outputs } = await speak(adapted, some);
        expect([...outputs.keys()].sort()).toEqual(some.map(r => r.id).sort());
        for (const [id, output] of outputs) expect(words(output)).toEqual(words(alone.get(id)!));
      }),
      { numRuns: 25 },
    );
  });

  it('however the waves are cut', async () => {
    for (const limits of [{ rows: 1 }, { rows: 2 }, { rows: 3, prefillTokens: 120 }, { cacheTokens: 300 }]) {
      const cut = await tinyEngine({ adapters, limits });
      const { outputs } = await speak(cut, rows);
      for (const [id, output] of outputs) expect(words(output)).toEqual(words(alone.get(id)!));
      await cut.dispose();
    }
  });

  it('on an int8 graph as well: its rows share one batch, and none hears its neighbours', async () => {
    const graph = encodeModel(quantiseModel(buildLlama(tinyConfig, randomWeights(tinyConfig, 1)), 'int8-dynamic'));
    const int8 = await tinyEngine({ adapters, dtype: 'q8', graph: { graph, external: [] } });
    const { outputs } = await speak(int8, rows);
    for (const row of rows) {
      const single = (await speak(int8, [row])).outputs.get(row.id)!;
      expect(words(outputs.get(row.id)!)).toEqual(words(single));
    }
    await int8.dispose();
  });

  it('and otherwise differs: by seed, question, agent, role, round, attempt and adapter', async () => {
    const row = tinyRows(1, () => ({ adapter: 'a', sampling: { temperature: 1, topK: 0, topP: 1, minP: 0, maxNewTokens: 24 } }))[0]!;
    const changes: Partial<EngineRow>[] = [
      {},
      { draw: { ...row.draw, seed: 4 } },
      { draw: { ...row.draw, qid: 'other' } },
      { draw: { ...row.draw, agent: 1 } },
      { draw: { ...row.draw, role: 'critic' } },
      { draw: { ...row.draw, round: 2 } },
      { draw: { ...row.draw, attempt: 1 } },
      { adapter: 'b' },
      { adapter: null },
    ];
    const texts = new Set<string>();
    for (const change of changes) texts.add((await speak(adapted, [{ ...row, ...change }])).outputs.get(row.id)!.text);
    expect(texts.size).toBe(changes.length);
  });
});

describe('adapters', () => {
  it('make the base what a model with merged weights is: same greedy text, log-probabilities within 1e-4', async () => {
    const rows = tinyRows(7, i => ({
      adapter: [null, 'a', 'b'][i % 3]!,
      sampling: { temperature: 0, topK: 0, topP: 1, minP: 0, maxNewTokens: 16 },
    }));
    const { outputs } = await speak(adapted, rows);
    for (const id of [null, 'a', 'b']) {
      const weights = randomWeights(tinyConfig, 1);
      const files = id === null ? null : adapters.get(id)!;
      const modules = files && readAdapter(files['adapter_config.json'], files['adapter_model.safetensors']).modules;
      const graph = encodeModel(buildLlama(tinyConfig, modules ? mergeAdapter(weights, modules) : weights));
      const merged = await tinyEngine({ model: new Map([...tinyModel(), ['onnx/model.onnx', graph]]) });
      const own = rows.filter(r => r.adapter === id);
      const wanted = await speak(
        merged,
        own.map(r => ({ ...r, adapter: null })),
      );
      for (const { id: row } of own) {
        const [got, want] = [outputs.get(row)!, wanted.outputs.get(row)!];
        expect(got.text).toBe(want.text);
        got.logprobs.forEach((l, i) => expect(Math.abs(l - want.logprobs[i]!)).toBeLessThan(1e-4));
      }
      await merged.dispose();
    }
  });
});

describe('generate', () => {
  it('streams text that only grows into the final one, with an end and a log-probability per token', async () => {
    let clock = 0;
    const paced = await tinyEngine({ now: () => (clock += 20) });
    const { updates, outputs } = await speak(paced, tinyRows(4));
    for (const [id, output] of outputs) {
      const texts = updates.flatMap(u => (u.type === 'text' && u.id === id ? [u.text] : []));
      expect(texts.length).toBeGreaterThan(1);
      texts.reduce((before, text) => (expect(text.startsWith(before)).toBe(true), text), '');
      expect(output.text.startsWith(texts.at(-1)!)).toBe(true);
      expect(output.ends).toHaveLength(output.usage.newTokens);
      expect(output.logprobs).toHaveLength(output.usage.newTokens);
      for (const logprob of output.logprobs) expect(logprob).toBeLessThanOrEqual(0);
      expect(output.ends.at(-1)).toBe(output.text.length);
    }
    await paced.dispose();
  });

  it('stops each row at its own length and at the stop token, which is not part of the text', async () => {
    const rows = tinyRows(40, () => ({ sampling: { temperature: 1.5, topK: 0, topP: 1, minP: 0, maxNewTokens: 120 } }));
    const { outputs } = await speak(engine, rows);
    const stopped = [...outputs.values()].filter(o => o.finish === 'stop');
    expect(stopped.length).toBeGreaterThan(3);
    for (const { text, usage } of stopped) {
      expect(text).not.toContain('<|im_end|>');
      expect(usage.newTokens).toBeLessThanOrEqual(120);
    }
    for (const o of outputs.values()) if (o.finish === 'length') expect(o.usage.newTokens).toBe(120);
  });

  it('fails rows that cannot be spoken alone: too long, or with an adapter that is not there', async () => {
    const rows = tinyRows(4);
    rows[1] = { ...rows[1]!, messages: [{ role: 'user', content: 'x'.repeat(600) }] };
    rows[2] = { ...rows[2]!, adapter: 'missing' };
    const { updates, outputs } = await speak(engine, rows);
    expect([...outputs.keys()].sort()).toEqual(['row 0', 'row 3']);
    const failed = updates.flatMap(u => (u.type === 'failed' ? [[u.id, u.error.code]] : []));
    expect(failed).toEqual([
      ['row 1', 'too-long'],
      ['row 2', 'bad-model'],
    ]);
  });

  it('ends an answer where the context ends', async () => {
    const content = 'x'.repeat(470);
    const [row] = tinyRows(1, () => ({
      messages: [{ role: 'user', content }],
      sampling: { temperature: 0.5, topK: 2, topP: 1, minP: 0, maxNewTokens: 400 },
    }));
    const { outputs } = await speak(engine, [row!]);
    const { usage } = outputs.get(row!.id)!;
    expect(usage.promptTokens + usage.newTokens).toBeLessThanOrEqual(engine.maxContext);
  });

  it('stops between two tokens when aborted, with the finished rows told', async () => {
    const abort = new AbortController();
    const reason = new Error('enough');
    const done: string[] = [];
    const rows = tinyRows(3, i => ({ sampling: { temperature: 1, topK: 0, topP: 1, minP: 0, maxNewTokens: i === 0 ? 2 : 400 } }));
    const call = engine.generate(
      rows,
      u => {
        if (u.type !== 'done') return;
        done.push(u.output.id);
        abort.abort(reason);
      },
      abort.signal,
    );
    await expect(call).rejects.toBe(reason);
    expect(done).toEqual(['row 0']);
    expect((await speak(engine, tinyRows(1))).outputs.size).toBe(1);
  });
});

describe('score', () => {
  it('gives what generation recorded, for every adapter, whatever the batch', async () => {
    const rows = tinyRows(6, i => ({ adapter: [null, 'a', 'b'][i % 3]!, messages: [{ role: 'user', content: `${i}` }] }));
    // Only printable tokens survive the way through text and back.
    const texts = ['ab', 'x = 12', '', 'one two three four', '9', 'what?'];
    const scored = await adapted.score(
      rows.map((r, i) => ({ messages: r.messages, adapter: r.adapter, text: texts[i]! })),
      new AbortController().signal,
    );
    for (const [i, { tokens, logprobs }] of scored.entries()) {
      expect(tokens.map(t => t.text).join('')).toBe(texts[i]);
      expect(logprobs).toHaveLength(tokens.length);
      const [single] = await adapted.score(
        [{ messages: rows[i]!.messages, adapter: rows[i]!.adapter, text: texts[i]! }],
        new AbortController().signal,
      );
      logprobs.forEach((l, t) => expect(l).toBeCloseTo(single!.logprobs[t]!, 5));
    }
    const greedy = { ...rows[1]!, sampling: { temperature: 0, topK: 0, topP: 1, minP: 0, maxNewTokens: 1 } };
    const said = (await speak(adapted, [greedy])).outputs.get('row 1')!;
    if (/^[ -~]$/.test(said.text)) {
      const [again] = await adapted.score([{ messages: greedy.messages, adapter: 'a', text: said.text }], new AbortController().signal);
      expect(again!.logprobs[0]).toBeCloseTo(said.logprobs[0]!, 5);
    }
  });
});

describe('tokenize', () => {
  it('shows the prompt as the model sees it', async () => {
    const { text, tokens } = await engine.tokenize([{ role: 'user', content: 'hé' }]);
    expect(text).toBe('<|im_start|>user\nhé<|im_end|>\n<|im_start|>assistant\n');
    expect(tokens[0]).toEqual({ id: 257, text: '<|im_start|>' });
  });
});
