import { afterEach, describe, expect, it } from 'vitest';

import { mergeAdapter, randomAdapter } from '../onnx/fixtures/adapters';
import { randomWeights, tinyConfig } from '../onnx/fixtures/weights';
import { buildLlama, type Weights } from '../onnx/llama';
import { readAdapter, writeAdapter } from '../onnx/peft';
import { encodeModel } from '../onnx/proto';
import { writeSafetensors } from '../onnx/safetensors';
import { assembleParts } from './assemble';
import type { Engine, EngineOutput, EngineRow, TunedFiles } from './engine';
import { createEngine } from './engine-core';
import { folderOfMap, tinyEngine, tinyRows } from './fixtures/tiny-engine';
import { tinyModel } from './fixtures/tiny-model';
import type { Runtime, Session } from './runtime';
import { nodeRuntime } from './runtime-node';

const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const never = new AbortController().signal;

const adapter = (seed: number, rank = 3): TunedFiles => {
  const files = writeAdapter(randomAdapter(tinyConfig, { rank, seed, strength: 2 }), { alpha: 2 * rank, baseModel: null });
  return { 'adapter_config.json': utf8(files['adapter_config.json']), 'adapter_model.safetensors': files['adapter_model.safetensors'] };
};
const baseConfig = (): Record<string, unknown> =>
  JSON.parse(new TextDecoder().decode(tinyModel().get('config.json'))) as Record<string, unknown>;
const full = (weights: Weights, config: Record<string, unknown> = baseConfig()): TunedFiles => ({
  'config.json': utf8(JSON.stringify(config)),
  'model.safetensors': writeSafetensors(new Map(Object.entries(weights).map(([name, { dims, data }]) => [name, { shape: dims, data }]))),
});

const agents = (entries: Record<string, TunedFiles>): Map<string, TunedFiles> => new Map(Object.entries(entries));

async function speak(engine: Engine, rows: readonly EngineRow[]): Promise<Map<string, Omit<EngineOutput, 'usage'> | string>> {
  const said = new Map<string, Omit<EngineOutput, 'usage'> | string>();
  await engine.generate(
    rows,
    u => {
      if (u.type === 'failed') said.set(u.id, u.error.code);
      if (u.type === 'done') {
        const { usage: _, ...output } = u.output;
        said.set(output.id, output);
      }
    },
    never,
  );
  return said;
}
const rowsOf = (names: (string | null)[], count = 9): EngineRow[] => tinyRows(count, i => ({ adapter: names[i % names.length]! }));

const engines: Engine[] = [];
const engineOf = async (...args: Parameters<typeof tinyEngine>): Promise<Engine> => {
  const engine = await tinyEngine(...args);
  engines.push(engine);
  return engine;
};
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.dispose();
});

/** An engine over full weights alone: what an agent with such weights must say. */
const alone = (weights: Weights): Promise<Engine> =>
  engineOf({ model: new Map([...tinyModel(), ['onnx/model.onnx', encodeModel(buildLlama(tinyConfig, weights))]]) });

/** Sessions opened and not yet released. */
function counted(): { runtime: Runtime; open: () => number } {
  const inner = nodeRuntime({ threads: 1 });
  let open = 0;
  const runtime: Runtime = {
    ...inner,
    async createSession(...args) {
      const session = await inner.createSession(...args);
      open++;
      const release = async (): Promise<void> => {
        open--;
        await session.release();
      };
      return new Proxy(session, { get: (own, key) => (key === 'release' ? release : bound(own, key)) });
    },
  };
  return { runtime, open: () => open };
}
const bound = (session: Session, key: string | symbol): unknown => {
  const value: unknown = Reflect.get(session, key, session);
  return typeof value === 'function' ? (value as (...args: unknown[]) => unknown).bind(session) : value;
};

describe('adapters adopted at run time', () => {
  it('speak as if the engine had been loaded with them, and the base speaks as before', async () => {
    const rows = rowsOf([null, 'a', 'b']);
    const early = await engineOf({ agents: agents({ a: adapter(1), b: adapter(2) }) });
    const late = await engineOf();
    const { facts, checks } = late;
    const base = await speak(late, rowsOf([null]));
    await late.adopt(agents({ a: adapter(1), b: adapter(2) }), never);
    expect(await speak(late, rows)).toEqual(await speak(early, rows));
    expect(late.facts).toEqual(facts);
    expect(late.checks).toEqual(checks);
    await late.adopt(new Map(), never);
    const again = await speak(late, rowsOf([null]));
    for (const [id, output] of base) expect((again.get(id) as EngineOutput).text).toBe((output as EngineOutput).text);
  });

  it('are exactly those named: others fall silent, those that stay say the same', async () => {
    const engine = await engineOf();
    await engine.adopt(agents({ a: adapter(1), b: adapter(2) }), never);
    const before = await speak(engine, rowsOf(['b']));
    await engine.adopt(agents({ b: adapter(2), c: adapter(3) }), never);
    expect((await speak(engine, rowsOf(['a'], 1))).get('row 0')).toBe('bad-model');
    const after = await speak(engine, rowsOf(['b']));
    for (const [id, output] of before) expect((after.get(id) as EngineOutput).text).toBe((output as EngineOutput).text);
    expect([...(await speak(engine, rowsOf(['c']))).values()].every(output => typeof output === 'object')).toBe(true);
  });

  it('of the same name and other weights take the place of the former', async () => {
    const engine = await engineOf();
    await engine.adopt(agents({ a: adapter(1) }), never);
    const before = await speak(engine, rowsOf(['a']));
    await engine.adopt(agents({ a: adapter(2) }), never);
    expect(await speak(engine, rowsOf(['a']))).not.toEqual(before);
  });

  it('leave everything as it was when one does not fit, or the call is aborted', async () => {
    const { runtime, open } = counted();
    const engine = await engineOf({ runtime });
    await engine.adopt(agents({ a: adapter(1) }), never);
    const rows = rowsOf([null, 'a']);
    const before = await speak(engine, rows);
    const other = writeAdapter(randomAdapter({ ...tinyConfig, ff: 96 }, { rank: 2, seed: 1 }), { alpha: 2, baseModel: null });
    const wrong: Record<string, TunedFiles> = {
      'of another shape': {
        'adapter_config.json': utf8(other['adapter_config.json']),
        'adapter_model.safetensors': other['adapter_model.safetensors'],
      },
      'without weights': { 'adapter_config.json': adapter(1)['adapter_config.json']! },
      'with a config that is no JSON': { ...adapter(1), 'adapter_config.json': utf8('{') },
      'cut short': { ...adapter(1), 'adapter_model.safetensors': adapter(1)['adapter_model.safetensors']!.slice(0, -4) },
      'without any file': {},
    };
    for (const [what, files] of Object.entries(wrong)) {
      await expect(engine.adopt(agents({ good: full(randomWeights(tinyConfig, 5)), bad: files }), never), what).rejects.toMatchObject({
        code: 'bad-model',
      });
      expect(open(), what).toBe(1);
    }
    await expect(engine.adopt(agents({ b: adapter(2) }), AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
    expect(await speak(engine, rows)).toEqual(before);
    expect((await speak(engine, rowsOf(['good'], 1))).get('row 0')).toBe('bad-model');
  });

  it('take another form when their ranks grow beyond a pool, with the same words', async () => {
    const engine = await engineOf();
    const few = agents({ a: adapter(1) });
    const many = agents({ a: adapter(1), ...Object.fromEntries(Array.from({ length: 3 }, (_, i) => [`wide ${i}`, adapter(10 + i, 40)])) });
    await engine.adopt(few, never);
    const pooled = await speak(engine, rowsOf([null, 'a']));
    await engine.adopt(many, never);
    const perRow = await speak(engine, rowsOf([null, 'a']));
    for (const [id, output] of pooled) expect((perRow.get(id) as EngineOutput).text).toBe((output as EngineOutput).text);
    await engine.adopt(few, never);
    expect(await speak(engine, rowsOf([null, 'a']))).toEqual(pooled);
  });

  it('tell what was read otherwise than it was written, as long as they are here', async () => {
    const engine = await engineOf();
    const odd = adapter(1);
    const config = JSON.parse(new TextDecoder().decode(odd['adapter_config.json'])) as object;
    const files = { ...odd, 'adapter_config.json': utf8(JSON.stringify({ ...config, use_newthing: true })) };
    await engine.adopt(agents({ odd: files, plain: adapter(2) }), never);
    expect(engine.warnings).toEqual(['Adapter odd: adapter_config.json sets use_newthing, which is unknown here.']);
    await engine.adopt(agents({ plain: adapter(2) }), never);
    expect(engine.warnings).toEqual([]);
  });

  it('of six agents share one session; what they add is their own numbers', async () => {
    const { runtime, open } = counted();
    const names = ['generator_1', 'generator_2', 'generator_3', 'critic_1', 'critic_2', 'critic_3'];
    const engine = await engineOf({ runtime });
    await engine.adopt(new Map(names.map((name, i) => [name, adapter(20 + i, 2)])), never);
    expect(open()).toBe(1);
    const said = await speak(engine, rowsOf(names, 12));
    expect(new Set([...said.values()].map(output => (output as EngineOutput).text)).size).toBeGreaterThan(6);
  });
});

it('six agents take little more memory than one: beside one set of weights stand six pairs of thin matrices', async () => {
  const config = { ...tinyConfig, vocab: 2048, hidden: 256, layers: 4, headDim: 64, ff: 768 };
  const inner = nodeRuntime({ threads: 1 });
  let weights = 0;
  let fed = 0;
  const runtime: Runtime = {
    ...inner,
    async createSession(model, request) {
      weights = model.length + (request?.externalData ?? []).reduce((sum, { data }) => sum + data.length, 0);
      return inner.createSession(model, request);
    },
    tensor: (type, data, dims) => {
      fed += data.byteLength;
      return inner.tensor(type, data, dims);
    },
  };
  const own = (seed: number): TunedFiles => {
    const files = writeAdapter(randomAdapter(config, { rank: 4, seed }), { alpha: 8, baseModel: null });
    return { 'adapter_config.json': utf8(files['adapter_config.json']), 'adapter_model.safetensors': files['adapter_model.safetensors'] };
  };
  const engine = await engineOf({ model: tinyModel(config), runtime });
  const taking = async (agents: number): Promise<number> => {
    fed = 0;
    await engine.adopt(new Map(Array.from({ length: agents }, (_, i) => [`agent ${i}`, own(i)])), never);
    return weights + fed;
  };
  // The first time the graph is loaded anew and checked; what a pool takes shows from the second on.
  await taking(2);
  const [one, six] = [await taking(1), await taking(6)];
  expect(six).toBeGreaterThan(one);
  expect(six / one).toBeLessThan(1.1);
});

describe('full weights', () => {
  it('speak what a model of their own says, in one call with the base and adapters', async () => {
    const tuned = mergeAdapter(randomWeights(tinyConfig, 1), randomAdapter(tinyConfig, { rank: 3, seed: 4, strength: 1 }));
    const engine = await engineOf();
    await engine.adopt(agents({ whole: full(tuned), a: adapter(1) }), never);
    const rows = rowsOf(['whole', null, 'a'], 12);
    const together = await speak(engine, rows);
    const own = rows.filter(row => row.adapter === 'whole').map(row => ({ ...row, adapter: null }));
    const wanted = await speak(await alone(tuned), own);
    expect(wanted.size).toBe(4);
    for (const [id, output] of wanted) expect(together.get(id)).toEqual(output);
    for (const row of rows) expect((await speak(engine, [row])).get(row.id)).toEqual(together.get(row.id));
  });

  it('are scored, and released when they are not named any more', async () => {
    const { runtime, open } = counted();
    const tuned = randomWeights(tinyConfig, 9);
    const engine = await engineOf({ runtime });
    await engine.adopt(agents({ whole: full(tuned) }), never);
    expect(open()).toBe(2);
    const row = { messages: [{ role: 'user' as const, content: 'hello' }], text: 'good day' };
    const [mine, base] = await engine.score(
      [
        { ...row, adapter: 'whole' },
        { ...row, adapter: null },
      ],
      never,
    );
    const [same] = await (await alone(tuned)).score([{ ...row, adapter: null }], never);
    expect(mine).toEqual(same);
    expect(base!.logprobs).not.toEqual(mine!.logprobs);
    await engine.adopt(new Map(), never);
    expect(open()).toBe(1);
    await engine.dispose();
    expect(open()).toBe(0);
  });

  it('can be there from the start', async () => {
    const tuned = randomWeights(tinyConfig, 9);
    const engine = await engineOf({ agents: agents({ whole: full(tuned), a: adapter(1) }) });
    const rows = rowsOf(['whole']);
    const wanted = await speak(
      await alone(tuned),
      rows.map(row => ({ ...row, adapter: null })),
    );
    expect(await speak(engine, rows)).toEqual(wanted);
  });

  it('are refused unless they are the base in every setting and every tensor', async () => {
    const engine = await engineOf();
    const weights = randomWeights(tinyConfig, 5);
    const { 'model.norm.weight': _, ...incomplete } = weights;
    const norm = weights['model.norm.weight']!;
    const poisoned = { ...norm, data: norm.data.map((value, i) => (i === 3 ? NaN : value)) };
    const cases: [string, TunedFiles, RegExp][] = [
      ['another vocabulary', full(weights, { ...baseConfig(), vocab_size: 321 }), /vocab is 321/],
      ['another rotation', full(weights, { ...baseConfig(), rope_theta: 5000 }), /theta is 5000/],
      ['another family', full(weights, { ...baseConfig(), model_type: 'gemma' }), /model_type/],
      ['a config that is no JSON', { ...full(weights), 'config.json': utf8('{') }, /not JSON/],
      ['a missing tensor', full(incomplete), /model\.norm\.weight is missing/],
      ['a tensor too many', full({ ...weights, 'model.extra.weight': norm }), /model\.extra\.weight/],
      [
        'a tensor of another shape',
        full({ ...weights, 'model.norm.weight': { dims: [32], data: norm.data.slice(0, 32) } }),
        /model\.norm\.weight/,
      ],
      ['NaN', full({ ...weights, 'model.norm.weight': poisoned }), /NaN/],
      [
        'bytes behind the end',
        { ...full(weights), 'model.safetensors': new Uint8Array([...full(weights)['model.safetensors']!, 0]) },
        /model\.safetensors/,
      ],
      ['no weights', { 'config.json': full(weights)['config.json']! }, /model\.safetensors is missing/],
    ];
    for (const [what, files, reason] of cases) {
      const error: unknown = await engine.adopt(agents({ x: files }), never).then(
        () => null,
        (e: unknown) => e,
      );
      expect([what, (error as { code?: string })?.code]).toEqual([what, 'bad-model']);
      expect((error as Error).message).toMatch(reason);
    }
  });
});

it('a graph that computes wrongly with new adapters is refused, and the engine goes on as it was', async () => {
  const inner = nodeRuntime({ threads: 1 });
  let wrong = false;
  const runtime: Runtime = {
    ...inner,
    async createSession(...args) {
      const session = await inner.createSession(...args);
      // Only the next one: what comes after it is the graph from before.
      if (!wrong) return session;
      wrong = false;
      const run: Session['run'] = async (feeds, fetches) => {
        const outputs = await session.run(feeds, fetches);
        const data = outputs['logits']!.data as Float32Array;
        data.forEach((value, i) => (data[i] = value + (i % 3)));
        return outputs;
      };
      return new Proxy(session, { get: (own, key) => (key === 'run' ? run : bound(own, key)) });
    },
  };
  const engine = await engineOf({ runtime });
  const refused = async (chosen: Parameters<typeof agents>[0]): Promise<void> => {
    wrong = true;
    await expect(engine.adopt(agents(chosen), never)).rejects.toMatchObject({ name: 'SelfCheckFailed' });
    expect(wrong).toBe(false);
  };
  const bare = await speak(engine, rowsOf([null]));
  await refused({ a: adapter(1) });
  expect(await speak(engine, rowsOf([null]))).toEqual(bare);
  await engine.adopt(agents({ a: adapter(1) }), never);
  const tuned = await speak(engine, rowsOf(['a', null]));
  await refused({ a: adapter(1), b: adapter(2) });
  expect(await speak(engine, rowsOf(['a', null]))).toEqual(tuned);
});

it('a large graph is let go before it is loaded again, and comes back when that fails', async () => {
  // A graph is large by its bytes; some megabytes of weights nobody multiplies with make this one so.
  const files = tinyModel();
  const graph = files.get('onnx/model.onnx')!;
  const external = [{ path: 'unused', data: new Uint8Array(33 << 20) }];
  const { runtime, open } = counted();
  let most = 0;
  let rereads = 0;
  let fail = false;
  const parts = await assembleParts(
    {
      base: { kind: 'builtin', id: 'tiny' },
      dtype: 'fp32',
      runtime: {
        ...runtime,
        async createSession(...args) {
          if (fail) {
            fail = false;
            throw new Error('bad_alloc');
          }
          const session = await runtime.createSession(...args);
          most = Math.max(most, open());
          return session;
        },
      },
      folder: folderOfMap(files),
      graph: { graph, external },
      reread: async () => {
        rereads++;
        return { graph, external };
      },
      now: () => 0,
      breathe: async () => undefined,
    },
    never,
  );
  const engine = createEngine(parts);
  engines.push(engine);
  const skipped = (): number => engine.checks.filter(check => check.skipped !== undefined).length;
  expect(skipped()).toBe(3);
  const before = await speak(engine, rowsOf([null]));
  fail = true;
  await expect(engine.adopt(agents({ a: adapter(1) }), never)).rejects.toThrow('bad_alloc');
  expect(await speak(engine, rowsOf([null]))).toEqual(before);
  await engine.adopt(agents({ a: adapter(1) }), never);
  expect([most, rereads]).toEqual([1, 3]);
  // The base with adapter inputs was held against what the base had said without.
  expect([skipped(), engine.checks.filter(check => check.value === 0 && check.name.includes('no adapter')).length]).toEqual([0, 1]);
  expect([...(await speak(engine, rowsOf(['a']))).values()].every(output => typeof output === 'object')).toBe(true);
});

it('an adapter says the same whether it was adopted or merged into full weights', async () => {
  const files = adapter(6);
  const { modules } = readAdapter(new TextDecoder().decode(files['adapter_config.json']), files['adapter_model.safetensors']!);
  const engine = await engineOf();
  await engine.adopt(agents({ lora: files, whole: full(mergeAdapter(randomWeights(tinyConfig, 1), modules)) }), never);
  const greedy = { temperature: 0, topK: 0, topP: 1, minP: 0, maxNewTokens: 16 };
  const rows = tinyRows(5, () => ({ sampling: greedy }));
  const said = async (name: string) =>
    [
      ...(
        await speak(
          engine,
          rows.map(row => ({ ...row, adapter: name })),
        )
      ).values(),
    ] as EngineOutput[];
  const [lora, whole] = [await said('lora'), await said('whole')];
  expect(lora.map(o => o.text)).toEqual(whole.map(o => o.text));
});
