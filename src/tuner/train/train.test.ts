import { describe, expect, it } from 'vitest';

import type { Probe } from '../../finetune/probe-file';
import type { EngineMessage } from '../../models/engine';
import { createNodeEngine } from '../../models/engine-node';
import { readSafetensors, toFloat32, writeSafetensors } from '../../onnx/safetensors';
import type { Files, TrainEngine, TrainJob, TrainUpdate } from '../engine';
import { probeWarning } from '../results';
import { asTensors, fromUtf8, readTensors, utf8 } from './files';
import { claims, jsonl, modelsDir, someJob, tinyBase } from './fixture';
import { createInProcessEngine, nodeHost } from './node';
import { createOnnxEngine } from './onnx-engine';

const engine = createOnnxEngine({ bases: [tinyBase()], ...nodeHost(1) });

async function run(job: TrainJob, stopAfter = Infinity, by: TrainEngine = engine): Promise<{ files: Files; updates: TrainUpdate[] }> {
  const updates: TrainUpdate[] = [];
  const stop = new AbortController();
  const on = (update: TrainUpdate): void => {
    updates.push(update);
    if (update.t === 'progress' && update.step === stopAfter) stop.abort(new Error('enough'));
  };
  const files = await by.train('job', job, on, stop.signal).catch((error: unknown) => {
    if (error !== stop.signal.reason) throw error;
    return {};
  });
  return { files, updates };
}

const of = <T extends TrainUpdate['t']>(updates: readonly TrainUpdate[], t: T) =>
  updates.filter((u): u is Extract<TrainUpdate, { t: T }> => u.t === t);
const losses = (updates: readonly TrainUpdate[]): number[] => of(updates, 'progress').map(u => u.train_loss);
const probeOf = (files: Files) => JSON.parse(fromUtf8(files['probe.json']!)) as Probe;
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
/** All but the time that steps took. */
const sameFiles = (a: Files, b: Files): void => {
  expect(Object.keys(a)).toEqual(Object.keys(b));
  for (const name of Object.keys(a)) if (name !== 'step_metrics.csv') expect(Buffer.compare(a[name]!, b[name]!), name).toBe(0);
  const untimed = (files: Files): string => fromUtf8(files['step_metrics.csv']!).replace(/,[^,]*$/gm, '');
  expect(untimed(a)).toBe(untimed(b));
};

describe('a job', () => {
  it('learns, tells its plan and its steps, and leaves adapter, probe and metrics', async () => {
    const { files, updates } = await run(someJob({ hyperparameters: { max_steps: 12 } }));
    expect(updates[0]).toMatchObject({ t: 'plan', rows: 12, steps: 12, trained_parameters: 1856 });
    const progress = of(updates, 'progress');
    expect(progress.map(u => u.step)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    expect(mean(losses(updates).slice(-3))).toBeLessThan(0.7 * losses(updates)[0]!);
    expect(progress.at(-1)!.train_mean_token_accuracy).toBeGreaterThan(progress[0]!.train_mean_token_accuracy);
    expect(progress[0]!.learning_rate).toBeCloseTo(0.005, 9);
    expect(progress[1]!.learning_rate).toBeCloseTo(0.01, 9);
    expect(progress.every(u => u.grad_norm > 0 && u.ms >= 0)).toBe(true);
    expect(Object.keys(files).sort()).toEqual(['adapter_config.json', 'adapter_model.safetensors', 'probe.json', 'step_metrics.csv']);
    expect(fromUtf8(files['step_metrics.csv']!).trim().split('\n')).toHaveLength(13);
    expect(JSON.parse(fromUtf8(files['adapter_config.json']!))).toMatchObject({
      peft_type: 'LORA',
      r: 4,
      lora_alpha: 8,
      base_model_name_or_path: 'tiny',
    });
    expect([...readSafetensors(files['adapter_model.safetensors']!).tensors.values()].every(t => t.dtype === 'F32')).toBe(true);
    const probe = probeOf(files);
    expect(probe.rows).toHaveLength(4);
    for (const { base, tuned } of probe.rows) expect(tuned).toBeLessThan(base);
  });

  it('gives the same bits for the same seed, and others for another', async () => {
    const [one, again] = [await run(someJob()), await run(someJob())];
    sameFiles(one.files, again.files);
    const other = await run(someJob({ seed: 8 }));
    expect(losses(other.updates)).not.toEqual(losses(one.updates));
  });

  it.each([true, false])('goes on from a checkpoint to the bits of a run without a break (adapter: %s)', async lora => {
    const job = someJob({
      checkpointEvery: 2,
      validation: jsonl(claims(40, 3)),
      hyperparameters: { lora, max_steps: 5, learning_rate: lora ? 1e-2 : 1e-3 },
    });
    const whole = await run(job);
    const broken = await run(job, 3);
    expect(losses(broken.updates)).toHaveLength(3);
    const [checkpoint] = of(broken.updates, 'checkpoint');
    expect(checkpoint!.step).toBe(2);
    const rest = await run({ ...job, resume: checkpoint!.files });
    expect(losses(rest.updates)).toEqual(losses(whole.updates).slice(2));
    expect(of(rest.updates, 'eval')).toEqual(of(whole.updates, 'eval').slice(2));
    expect(of(whole.updates, 'checkpoint').map(u => u.step)).toEqual([2, 4, 5]);
    sameFiles(rest.files, whole.files);
    // A job that was interrupted behind its last update only writes its result.
    const end = await run({ ...job, resume: of(whole.updates, 'checkpoint').at(-1)!.files });
    expect(losses(end.updates)).toEqual([]);
    sameFiles(end.files, whole.files);
  });

  it('computes the same with small parts of a batch', async () => {
    const [one, parts] = [await run(someJob()), await run(someJob({ hyperparameters: { micro_batch_size: 1 } }))];
    losses(parts.updates).forEach((loss, i) => expect(loss).toBeCloseTo(losses(one.updates)[i]!, 4));
  });

  it('evaluates only where there are validation rows: before, at checkpoints and at the end', async () => {
    expect(of((await run(someJob({ checkpointEvery: 2 }))).updates, 'eval')).toEqual([]);
    const { updates, files } = await run(someJob({ checkpointEvery: 4, validation: jsonl(claims(40, 6)) }));
    const evals = of(updates, 'eval');
    expect(evals.map(u => u.step)).toEqual([0, 4, 6]);
    expect(evals[2]!.valid_loss).toBeLessThan(evals[0]!.valid_loss);
    expect(evals.every(u => u.valid_mean_token_accuracy >= 0 && u.valid_mean_token_accuracy <= 1)).toBe(true);
    expect(probeOf(files)).toMatchObject({ heldOut: true });
    expect(probeOf((await run(someJob())).files)).toMatchObject({ heldOut: false });
  });

  it('warns of few updates', async () => {
    const warnings = async (job: TrainJob) => of((await run(job)).updates, 'warn').map(u => u.message);
    expect(await warnings(someJob({ hyperparameters: { max_steps: 10 } }))).toEqual([]);
    expect(await warnings(someJob({ hyperparameters: { max_steps: null, n_epochs: 1 } }))).toEqual([
      expect.stringMatching(/^Only 3 updates/),
    ]);
  });

  it('leaves it to the job to say, once, that a result is no better than the base', async () => {
    const wrong = someJob({
      validation: jsonl(claims(40, 4).map(line => line.replace('So ', 'Then '))),
      hyperparameters: { max_steps: 12, learning_rate: 0.3 },
    });
    wrong.training = jsonl(claims(0, 12).map(line => line.replace(/"So .*?"/, '"No no no no"')));
    const { updates, files } = await run(wrong);
    expect(of(updates, 'warn')).toEqual([]);
    expect(probeWarning(files)).toMatch(/^The result is no better than the base on 4 held-out rows/);
  });

  it('stops between two updates when it is told to', async () => {
    const { updates, files } = await run(someJob(), 2);
    expect(files).toEqual({});
    expect(losses(updates)).toHaveLength(2);
  });

  it('goes on from an adapter, and still knows the base it began with', async () => {
    const first = await run(someJob({ hyperparameters: { max_steps: 10 } }));
    const second = await run(someJob({ from: first.files, hyperparameters: { max_steps: 4, warmup_steps: 0, learning_rate: 1e-3 } }));
    expect(losses(second.updates)[0]).toBeLessThan(0.6 * losses(first.updates)[0]!);
    expect(probeOf(second.files).rows.map(r => r.base)).toEqual(probeOf(first.files).rows.map(r => r.base));
    const refused = (hyperparameters: object) => run(someJob({ from: first.files, hyperparameters }));
    await expect(refused({ lora_r: 8 })).rejects.toThrow('has rank 4, and rank 8 was asked for');
    await expect(refused({ lora_alpha: 4 })).rejects.toThrow('has alpha 8, and 4 was asked for');
    await expect(refused({ lora: false })).rejects.toThrow('model.safetensors is missing');
    // Made elsewhere: the same numbers under another scale would silently be another model.
    for (const other of [{ use_rslora: true }, { alpha_pattern: { q_proj: 32 } }]) {
      const config = { ...(JSON.parse(fromUtf8(first.files['adapter_config.json']!)) as object), ...other };
      const from = { ...first.files, 'adapter_config.json': utf8(JSON.stringify(config)) };
      await expect(run(someJob({ from, hyperparameters: { max_steps: 2 } }))).rejects.toThrow(/scaled by .* no use_rslora/);
    }
  });

  it('trains the whole model, and goes on from it', async () => {
    const hyperparameters = { lora: false, max_steps: 5, learning_rate: 1e-3 };
    const { files, updates } = await run(someJob({ hyperparameters }));
    expect(updates[0]).toMatchObject({ t: 'plan', trained_parameters: 16_352 });
    expect(Object.keys(files).sort()).toEqual(['config.json', 'model.safetensors', 'probe.json', 'step_metrics.csv']);
    expect(JSON.parse(fromUtf8(files['config.json']!))).toMatchObject({ model_type: 'llama', hidden_size: 32, dtype: 'float32' });
    for (const { base, tuned } of probeOf(files).rows) expect(tuned).toBeLessThan(base);
    const second = await run(someJob({ from: files, hyperparameters: { ...hyperparameters, max_steps: 1 } }));
    expect(losses(second.updates)[0]).toBeLessThan(losses(updates)[0]!);
    expect(probeOf(second.files).rows.map(r => r.base)).toEqual(probeOf(files).rows.map(r => r.base));
  });

  it.each(['qwen2', 'qwen3'])('trains models of the family %s, with a tied head and weights in shards', async model_type => {
    const base = tinyBase('other', { model_type, tie_word_embeddings: true, head_dim: 16 });
    const { tensors } = readSafetensors((await base.folder.read('model.safetensors'))!);
    const shard = (part: number) =>
      writeSafetensors(
        new Map([...tensors].filter((_, i) => i % 2 === part).map(([name, t]) => [name, { shape: t.shape, data: toFloat32(t) }])),
      );
    const names = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'];
    const weight_map = Object.fromEntries([...tensors.keys()].map((name, i) => [name, names[i % 2]]));
    const files = new Map<string, Uint8Array | null>([
      ['model.safetensors.index.json', utf8(JSON.stringify({ weight_map }))],
      ['model.safetensors', null],
      ...names.map((name, i) => [name, shard(i)] as const),
    ]);
    const read = async (name: string) => (files.has(name) ? files.get(name)! : base.folder.read(name));
    const others = createOnnxEngine({ bases: [{ ...base, folder: { ...base.folder, read } }], ...nodeHost(1) });
    const { updates } = await run(someJob({ base: 'other', hyperparameters: { max_steps: 10 } }), Infinity, others);
    expect(mean(losses(updates).slice(-3))).toBeLessThan(losses(updates)[0]!);
    expect((await others.bases())[0]!.shapes).toHaveProperty('model.embed_tokens.weight', [134, 32]);
  });

  it('needs no token to pad with', async () => {
    const training = jsonl([...claims(0, 2), ...claims(2, 2).map(line => line.replace('So ', 'So now then '))]);
    const own = (pad_token_id: unknown) => createOnnxEngine({ bases: [tinyBase('tiny', { pad_token_id })], ...nodeHost(1) });
    const all = await Promise.all([0, null, -1].map(pad => run(someJob({ training }), Infinity, own(pad))));
    expect(losses(all[1]!.updates)).toEqual(losses(all[0]!.updates));
    expect(losses(all[2]!.updates)).toEqual(losses(all[0]!.updates));
  });

  it('fails with the line of a bad row, before it trains', async () => {
    const training = jsonl([...claims(0, 3), '{"messages":[{"role":"user","content":"?"}]}']);
    await expect(run(someJob({ training }))).rejects.toMatchObject({
      code: 'invalid_training_file',
      message: expect.stringMatching(/^line 4: /),
    });
    await expect(run(someJob({ validation: jsonl(['{}']) }))).rejects.toMatchObject({
      code: 'invalid_validation_file',
      param: 'validation_file',
    });
    await expect(run(someJob({ hyperparameters: { context_length: 10 } }))).rejects.toThrow(/^line 1: \d+ tokens, and 10 is the limit/);
    await expect(run(someJob({ base: 'unknown' }))).rejects.toThrow('there is no base unknown; there is tiny');
  });

  it('says in words when a rate was too high', async () => {
    await expect(run(someJob({ hyperparameters: { learning_rate: 1e30, max_grad_norm: 1e30, lora: false } }))).rejects.toMatchObject({
      code: 'invalid_result',
      message: expect.stringMatching(/^Training diverged at step \d+/),
    });
  });
});

describe('a result', () => {
  const real = createInProcessEngine({ modelsDir });
  const job = someJob({ base: 'abacus', hyperparameters: { max_steps: 12 } });

  it('computes in the inference engine what it computed here; scrambled it does not', async () => {
    const { files } = await run(job, Infinity, real);
    const weights = readTensors(files, 'adapter_model.safetensors');
    const name = (side: string, module = 'q_proj') => `base_model.model.model.layers.2.self_attn.${module}.lora_${side}.weight`;
    const changed = (change: (of: typeof weights) => void): Files => {
      const copy = structuredClone(weights);
      change(copy);
      return { ...files, 'adapter_model.safetensors': writeSafetensors(asTensors(copy)) };
    };
    const all = (side: string, edit: (data: Float32Array, dims: number[]) => void) => (of: typeof weights) => {
      for (const [key, { data, dims }] of Object.entries(of)) if (key.includes(`lora_${side}`)) edit(data, dims);
    };
    const transpose = (data: Float32Array, [rows, columns]: number[]): void => {
      const old = data.slice();
      old.forEach((value, i) => (data[(i % columns!) * rows! + Math.floor(i / columns!)] = value));
    };
    const scrambled = {
      transposed: changed(all('A', transpose)),
      rescaled: changed(all('B', data => data.forEach((value, i) => (data[i] = 2 * value)))),
      swapped: changed(of => ([of[name('B')], of[name('B', 'k_proj')]] = [of[name('B', 'k_proj')]!, of[name('B')]!])),
      dropped: changed(of => of[name('B')]!.data.fill(0)),
      'of another alpha': {
        ...files,
        'adapter_config.json': utf8(fromUtf8(files['adapter_config.json']!).replace('"lora_alpha": 8', '"lora_alpha": 16')),
      },
    };
    const inference = await createNodeEngine(`${modelsDir}/abacus`, { threads: 1 });
    const never = new AbortController().signal;
    await inference.adopt(new Map([['whole', files], ...Object.entries(scrambled)]), never);
    const report = await inference.probe('whole', files['probe.json']!, never);
    expect(report.reason).toBeNull();
    expect(report.deviation).toBeLessThan(1e-3);
    for (const agent of Object.keys(scrambled))
      expect(await inference.probe(agent, files['probe.json']!, never), agent).toMatchObject({ passed: false });
    // And by another way: the likelihood of the answers as texts, without the token that ends them.
    const rows = claims(0, 4).map(line => (JSON.parse(line) as { messages: [EngineMessage, EngineMessage] }).messages);
    const scored = (adapter: string | null) =>
      inference.score(
        rows.map(([question, { content }]) => ({ messages: [question], text: content, adapter })),
        never,
      );
    const [plain, tuned] = [await scored(null), await scored('whole')];
    tuned.forEach(({ logprobs }, i) => expect(mean(logprobs)).toBeGreaterThan(mean(plain[i]!.logprobs)));
    await inference.dispose();
  });

  it('of full training is one too', async () => {
    const { files } = await run(
      someJob({ base: 'abacus', hyperparameters: { lora: false, max_steps: 4, learning_rate: 1e-3 } }),
      Infinity,
      real,
    );
    const inference = await createNodeEngine(`${modelsDir}/abacus`, { threads: 1 });
    const never = new AbortController().signal;
    await inference.adopt(new Map([['whole', files]]), never);
    expect(await inference.probe('whole', files['probe.json']!, never)).toMatchObject({ passed: true, reason: null });
    await inference.dispose();
  });

  it('is in float32, bit for bit what the trainer held', async () => {
    const { files, updates } = await run(job, Infinity, real);
    const last = of(updates, 'checkpoint').at(-1)!.files;
    const [result, kept] = [files, last].map(own => readSafetensors(own['adapter_model.safetensors']!).tensors);
    for (const [name, tensor] of result!) expect(toFloat32(tensor)).toEqual(toFloat32(kept!.get(name)!));
  });
});
