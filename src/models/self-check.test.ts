// Every check of the self-check must catch the defect it is there for.
import { afterEach, describe, expect, it } from 'vitest';

import { randomAdapter } from '../onnx/fixtures/adapters';
import { tinyConfig } from '../onnx/fixtures/weights';
import { writeAdapter } from '../onnx/peft';
import { assembleParts } from './assemble';
import type { SelfCheck } from './engine';
import { folderOfMap, tinyEngine } from './fixtures/tiny-engine';
import { tinyModel } from './fixtures/tiny-model';
import type { Feeds, Runtime, Session, Tensor } from './runtime';
import { nodeRuntime } from './runtime-node';
import { RAGGED } from './self-check';
import { recordReferences, REFERENCE_FILE } from './self-check-reference';
import { SelfCheckFailed } from './verify';

const files = tinyModel();
const inner = nodeRuntime({ threads: 1 });
const adapters = new Map([['a', writeAdapter(randomAdapter(tinyConfig, { rank: 2, seed: 9 }), { alpha: 2, baseModel: null })]]);

/** A runtime whose runs are tampered with. */
function broken(tamper: (feeds: Feeds, run: (feeds: Feeds) => Promise<Feeds>) => Promise<Feeds>): Runtime {
  return {
    device: 'cpu',
    name: 'broken',
    tensor: inner.tensor,
    async createSession(model, request) {
      const session = await inner.createSession(model, request);
      const proxy: Session = {
        inputNames: session.inputNames,
        outputNames: session.outputNames,
        inputMetadata: session.inputMetadata,
        outputMetadata: session.outputMetadata,
        run: (feeds, fetches) => tamper(feeds, changed => session.run(changed, fetches)),
        release: () => session.release(),
      };
      return proxy;
    },
  };
}
const bump = (tensor: Tensor, from: number, by: number): void => {
  const data = tensor.data as Float32Array;
  for (let i = from; i < data.length; i++) data[i]! += by * (i % 2);
};
const failuresOf = async (runtime: Runtime, more: Parameters<typeof tinyEngine>[0] = {}): Promise<SelfCheck[]> => {
  try {
    const engine = await tinyEngine({ runtime, ...more });
    await engine.dispose();
    return engine.checks.filter(c => !c.passed);
  } catch (error) {
    if (!(error instanceof SelfCheckFailed)) throw error;
    return error.checks.filter(c => !c.passed);
  }
};
const names = (checks: readonly SelfCheck[]): string[] => checks.map(c => c.name);

let engine: Awaited<ReturnType<typeof tinyEngine>> | undefined;
afterEach(async () => {
  await engine?.dispose();
  engine = undefined;
});

describe('self-check', () => {
  it('passes on a sound runtime, with and without adapters', async () => {
    for (const more of [{}, { adapters }]) {
      engine = await tinyEngine(more);
      expect(engine.checks).toHaveLength(5);
      expect(engine.checks.filter(c => !c.passed)).toEqual([]);
      await engine.dispose();
    }
  });

  it('catches rows that disturb each other, and then runs rows one at a time', async () => {
    const widths: number[] = [];
    const runtime = broken(async (feeds, run) => {
      const rows = feeds['input_ids']!.dims[0]!;
      widths.push(rows);
      const outputs = await run(feeds);
      // Right alone, wrong in the second row of a batch whose rows have no adapter inputs: what padding errors look like.
      if (rows > 1 && !Object.keys(feeds).some(name => name.includes('lora'))) {
        const logits = outputs['logits']!;
        bump(logits, logits.dims[1]! * logits.dims[2]!, 0.01);
      }
      return outputs;
    });
    engine = await tinyEngine({ runtime });
    expect(names(engine.checks.filter(c => !c.passed))).toEqual([RAGGED]);
    widths.length = 0;
    const row = {
      messages: [{ role: 'user' as const, content: 'x' }],
      adapter: null,
      sampling: { temperature: 0, topK: 0, topP: 1, minP: 0, maxNewTokens: 3 },
    };
    const draw = { seed: 1, qid: 'q', agent: 0, role: 'generator', round: 1, attempt: 0 };
    await engine.generate(
      ['a', 'b', 'c'].map(id => ({ ...row, id, draw })),
      () => undefined,
      new AbortController().signal,
    );
    expect(new Set(widths)).toEqual(new Set([1]));
  });

  it('catches wrong long prompts', async () => {
    const runtime = broken(async (feeds, run) => {
      const outputs = await run(feeds);
      if (feeds['input_ids']!.dims[1]! >= 32) bump(outputs['logits']!, 4 * 320, 2);
      return outputs;
    });
    expect(names(await failuresOf(runtime))).toEqual(['a prompt read at once equals the same prompt fed token by token']);
  });

  it('catches adapters that are dropped, never off, or in the wrong row', async () => {
    const lora = (feeds: Feeds, change: (data: Float32Array, tensor: Tensor) => Float32Array): Feeds =>
      Object.fromEntries(
        Object.entries(feeds).map(([name, tensor]) => [
          name,
          name.includes('lora') ? inner.tensor('float32', change((tensor.data as Float32Array).slice(), tensor), tensor.dims) : tensor,
        ]),
      );
    const dropped = broken((feeds, run) => run(lora(feeds, data => data.fill(0))));
    expect(names(await failuresOf(dropped))).toContain('an adapter changes what its row says');
    const stuck = broken((feeds, run) => run(lora(feeds, data => data.map((v, i) => v + 0.05 * ((i % 3) - 1)))));
    expect(names(await failuresOf(stuck))).toContain('no adapter equals the base');
    const first = broken((feeds, run) =>
      run(lora(feeds, (data, { dims }) => (dims[0] === 2 ? Float32Array.from(data, (_, i) => data[i % (data.length / 2)]!) : data))),
    );
    expect(names(await failuresOf(first)).length).toBeGreaterThan(0);
    expect(await failuresOf(first).then(names)).toContain('adapters stay with their rows');
  });

  it('catches another computation than the recorded one, and other weights', async () => {
    const parts = await assembleParts(
      {
        base: { kind: 'builtin', id: 'tiny' },
        dtype: 'fp32',
        runtime: inner,
        folder: folderOfMap(files),
        graph: { graph: files.get('onnx/model.onnx')!, external: [] },
        now: () => 0,
        breathe: async () => undefined,
      },
      new AbortController().signal,
    );
    const recorded = await recordReferences(parts.model, 'fp32', [{ text: 'hello', tokens: parts.config.tokenizer.encode('hello') }]);
    await parts.dispose();
    const withReference = (model: ReadonlyMap<string, Uint8Array>) =>
      new Map([...model, [REFERENCE_FILE, new TextEncoder().encode(JSON.stringify(recorded))]]);
    const name = 'fixed prompts give the recorded likelihoods';
    engine = await tinyEngine({ model: withReference(files) });
    expect(names(engine.checks)).toContain(name);
    expect(engine.checks.every(c => c.passed)).toBe(true);
    expect(names(await failuresOf(inner, { model: withReference(tinyModel(tinyConfig, 99)) }))).toEqual([name]);
    const skewed = broken(async (feeds, run) => {
      const outputs = await run(feeds);
      bump(outputs['logits']!, 0, 0.02);
      return outputs;
    });
    expect(names(await failuresOf(skewed, { model: withReference(files) }))).toEqual([name]);
  });

  it('takes a value that is no number for a failure', async () => {
    const runtime = broken(async (feeds, run) => {
      const outputs = await run(feeds);
      if (feeds['input_ids']!.dims[1]! >= 32) (outputs['logits']!.data as Float32Array).fill(NaN);
      return outputs;
    });
    expect((await failuresOf(runtime)).length).toBeGreaterThan(0);
  });
});
