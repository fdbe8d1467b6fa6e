import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { randomAdapter } from '../onnx/fixtures/adapters';
import { quantiseModel } from '../onnx/fixtures/quantise';
import { randomWeights, tinyConfig } from '../onnx/fixtures/weights';
import { buildLlama } from '../onnx/llama';
import { writeAdapter } from '../onnx/peft';
import { encodeModel } from '../onnx/proto';
import { readSafetensors, toFloat32, writeSafetensors } from '../onnx/safetensors';
import { claims, jsonl, someJob } from '../tuner/train/fixture';
import { createInProcessEngine } from '../tuner/train/node';
import type { Engine, ProbeReport, TunedFiles } from './engine';
import { createNodeEngine } from './engine-node';
import { tinyEngine } from './fixtures/tiny-engine';
import { tinyModel } from './fixtures/tiny-model';

const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const json = (bytes: Uint8Array): Record<string, unknown> => JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
const never = new AbortController().signal;

const probe = async (engine: Engine, files: TunedFiles): Promise<ProbeReport> => {
  await engine.adopt(new Map([['agent', files]]), never);
  return engine.probe('agent', files['probe.json']!, never);
};

type Tensors = Map<string, { shape: number[]; data: Float32Array }>;

/** The same files with their tensors changed on the way. */
function changed(files: TunedFiles, change: (tensors: Tensors) => void): TunedFiles {
  const { tensors } = readSafetensors(files['adapter_model.safetensors']!);
  const own: Tensors = new Map([...tensors].map(([name, tensor]) => [name, { shape: tensor.shape, data: toFloat32(tensor) }]));
  change(own);
  return { ...files, 'adapter_model.safetensors': writeSafetensors(own) };
}

function transpose(tensors: Tensors, name: string): void {
  const { shape, data } = tensors.get(name)!;
  const [rows, columns] = shape as [number, number];
  const turned = data.map((_, i) => data[(i % rows) * columns + Math.floor(i / rows)]!);
  tensors.set(name, { shape, data: turned });
}

function swap(tensors: Tensors, a: string, b: string): void {
  const [first, second] = [tensors.get(a)!, tensors.get(b)!];
  tensors.set(a, second);
  tensors.set(b, first);
}

const path = (module: string, side: 'A' | 'B'): string => `base_model.model.model.layers.0.self_attn.${module}.lora_${side}.weight`;

describe('an adapter that a trainer has trained', () => {
  const trainer = createInProcessEngine({ modelsDir: 'public/models' });
  let engine: Engine;
  let files: TunedFiles;
  beforeAll(async () => {
    const job = someJob({
      base: 'abacus',
      training: jsonl(claims(0, 24)),
      validation: jsonl(claims(40, 4)),
      hyperparameters: { lora_r: 4, lora_alpha: 8, max_steps: 12, learning_rate: 1e-2 },
    });
    files = await trainer.train('job', job, () => undefined, never);
    engine = await createNodeEngine('public/models/abacus', { threads: 1 });
  });
  afterAll(() => engine?.dispose());

  it('passes: both losses are the ones the trainer recorded', async () => {
    const report = await probe(engine, files);
    expect(report).toMatchObject({ passed: true, reason: null, bound: 1e-3, heldOut: true });
    expect(report.rows).toHaveLength(4);
    expect(report.deviation).toBeLessThan(1e-4);
    for (const row of report.rows) expect(Math.abs(row.engineTuned - row.engineBase)).toBeGreaterThan(1e-2);
  });

  it('says what rows it stands on: held-out ones, trained ones, or nobody knows', async () => {
    const said = (heldOut: boolean | undefined) =>
      probe(engine, { ...files, 'probe.json': utf8(JSON.stringify({ ...json(files['probe.json']!), heldOut })) });
    expect((await said(false)).heldOut).toBe(false);
    expect((await said(undefined)).heldOut).toBeNull();
  });

  const defects: [string, (files: TunedFiles) => TunedFiles][] = [
    // With four heads and as many for keys, q_proj of the built-in model is square: only the numbers can tell.
    ['a transposed tensor', f => changed(f, t => transpose(t, path('q_proj', 'A')))],
    [
      'another scale in its config',
      f => ({ ...f, 'adapter_config.json': utf8(JSON.stringify({ ...json(f['adapter_config.json']!), lora_alpha: 16 })) }),
    ],
    [
      'swapped queries and keys',
      f =>
        changed(f, t => {
          swap(t, path('q_proj', 'A'), path('k_proj', 'A'));
          swap(t, path('q_proj', 'B'), path('k_proj', 'B'));
        }),
    ],
    [
      'a dropped module',
      f =>
        changed(f, t => {
          t.delete(path('v_proj', 'A'));
          t.delete(path('v_proj', 'B'));
        }),
    ],
    ['a tensor of noughts', f => changed(f, t => t.get(path('o_proj', 'B'))!.data.fill(0))],
  ];
  it.each(defects)('fails with %s', async (_, damage) => {
    const report = await probe(engine, damage(files));
    expect(report.passed).toBe(false);
    expect(report.reason).toMatch(/do not compute what was trained/);
    expect(report.deviation).toBeGreaterThan(report.bound);
  });

  it('fails when nothing of it arrives, and says so', async () => {
    const report = await probe(
      engine,
      changed(files, t => [...t.values()].forEach(({ data }) => data.fill(0))),
    );
    expect(report).toMatchObject({ passed: false, reason: expect.stringContaining('changes nothing here') as string });
  });

  it('lacking one half of a module is not even adopted', async () => {
    const half = changed(files, t => t.delete(path('v_proj', 'B')));
    await expect(probe(engine, half)).rejects.toMatchObject({ code: 'bad-model' });
  });

  it('passes as full weights as well, and fails when two of their matrices are swapped', async () => {
    const job = someJob({
      base: 'abacus',
      training: jsonl(claims(0, 24)),
      hyperparameters: { lora: false, max_steps: 4, learning_rate: 1e-3 },
    });
    const full = await trainer.train('full', job, () => undefined, never);
    expect(await probe(engine, full)).toMatchObject({ passed: true, bound: 1e-3 });
    const { tensors } = readSafetensors(full['model.safetensors']!);
    const own: Tensors = new Map([...tensors].map(([name, tensor]) => [name, { shape: tensor.shape, data: toFloat32(tensor) }]));
    swap(own, 'model.layers.1.self_attn.q_proj.weight', 'model.layers.1.self_attn.k_proj.weight');
    expect(await probe(engine, { ...full, 'model.safetensors': writeSafetensors(own) })).toMatchObject({ passed: false });
  });
});

describe('a recorded probe on random weights', () => {
  const adapter = writeAdapter(randomAdapter(tinyConfig, { rank: 2, seed: 3, strength: 1 }), { alpha: 4, baseModel: null });
  const bare: TunedFiles = {
    'adapter_config.json': utf8(adapter['adapter_config.json']),
    'adapter_model.safetensors': adapter['adapter_model.safetensors'],
  };
  const tokens = Array.from({ length: 24 }, (_, i) => (i * 37 + 11) % 250);
  const mask = tokens.map((_, i) => (i > 8 && i % 5 > 0 ? 1 : 0));
  const file = (rows: unknown): Uint8Array => utf8(JSON.stringify({ schema: 1, rows }));
  /** What an engine in full precision finds, as a trainer would have recorded it. */
  async function recorded(): Promise<{ tokens: number[]; mask: number[]; base: number; tuned: number }[]> {
    const engine = await tinyEngine();
    await engine.adopt(new Map([['agent', bare]]), never);
    const { rows } = await engine.probe('agent', file([{ tokens, mask, base: 1, tuned: 2 }]), never);
    await engine.dispose();
    return rows.map(({ engineBase, engineTuned }) => ({ tokens, mask, base: engineBase, tuned: engineTuned }));
  }
  let rows: Awaited<ReturnType<typeof recorded>>;
  beforeAll(async () => (rows = await recorded()));

  it('fails on another base, and says it is the base', async () => {
    const engine = await tinyEngine({ model: tinyModel(tinyConfig, 99) });
    const report = await probe(engine, { ...bare, 'probe.json': utf8(JSON.stringify({ schema: 1, rows })) });
    expect(report).toMatchObject({ passed: false, reason: expect.stringContaining('base here is not the one') as string });
    await engine.dispose();
  });

  it('passes on rounded weights within the tolerance of their rounding, and fails beyond it', async () => {
    for (const [dtype, scheme] of [
      ['q8', 'int8-dynamic'],
      ['q4', 'int4'],
    ] as const) {
      const graph = encodeModel(quantiseModel(buildLlama(tinyConfig, randomWeights(tinyConfig, 1)), scheme));
      const engine = await tinyEngine({ dtype, graph: { graph, external: [] } });
      const { passed, deviation, bound } = await probe(engine, { ...bare, 'probe.json': utf8(JSON.stringify({ schema: 1, rows })) });
      expect([dtype, passed, deviation > 1e-4, deviation < bound]).toEqual([dtype, true, true, true]);
      const wrong = rows.map(row => ({ ...row, tuned: row.tuned + 2 * bound }));
      expect(await probe(engine, { ...bare, 'probe.json': utf8(JSON.stringify({ schema: 1, rows: wrong })) })).toMatchObject({
        passed: false,
      });
      await engine.dispose();
    }
  });

  it('is refused when it is no probe of this model', async () => {
    const engine = await tinyEngine();
    await engine.adopt(new Map([['agent', bare]]), never);
    const [row] = rows;
    const bad: [string, Uint8Array][] = [
      ['no JSON', utf8('{')],
      ['another schema', utf8(JSON.stringify({ schema: 2, rows }))],
      ['no rows', file([])],
      ['tokens of another vocabulary', file([{ ...row, tokens: [...tokens.slice(1), 400] }])],
      ['a mask of another length', file([{ ...row, mask: mask.slice(1) }])],
      ['no targets', file([{ ...row, mask: mask.map(() => 0) }])],
      ['a target nothing stands before', file([{ ...row, mask: mask.map((_, i) => (i ? 0 : 1)) }])],
      ['a loss that is none', file([{ ...row, base: null }])],
      ['a row longer than the context', file([{ ...row, tokens: Array<number>(600).fill(1), mask: Array<number>(600).fill(1) }])],
    ];
    for (const [what, bytes] of bad) {
      const error: unknown = await engine.probe('agent', bytes, never).then(
        () => null,
        (e: unknown) => e,
      );
      expect([what, (error as { code?: string })?.code]).toEqual([what, 'bad-model']);
    }
    await expect(engine.probe('nobody', file(rows), never)).rejects.toMatchObject({ code: 'bad-model' });
    const same = rows.map(r => ({ ...r, tuned: r.base }));
    expect(await engine.probe('agent', file(same), never)).toMatchObject({
      passed: false,
      reason: expect.stringContaining('nothing was learned') as string,
    });
    await engine.dispose();
  });
});
