// Preferences, really trained: the chosen answers gain on the rejected ones, and what is interrupted goes on to the same bits.
import { describe, expect, it } from 'vitest';
import type { Probe } from '../../finetune/probe-file';
import type { Files, TrainJob, TrainUpdate } from '../engine';
import { fromUtf8 } from './files';
import { jsonl, someJob, tinyBase } from './fixture';
import { nodeHost } from './node';
import { createOnnxEngine } from './onnx-engine';
import { trainedTokens } from './rows';

const engine = createOnnxEngine({ bases: [tinyBase()], ...nodeHost(1) });
const said = (content: string) => [{ role: 'assistant', content }];

/** One of two ways to say the same is liked better: nothing that a likelihood alone would tell. */
const pairs = (count: number, from = 0): Uint8Array<ArrayBuffer> =>
  jsonl(
    Array.from({ length: count }, (_, i) => {
      const [a, b] = [1 + ((from + i) % 9), 1 + ((from + 3 * i) % 7)];
      return JSON.stringify({
        input: { messages: [{ role: 'user', content: `What is ${a}+${b}?` }] },
        preferred_output: said(`So \\boxed{${a + b}}`),
        non_preferred_output: said(`First ${a}+${b}=${a + b}. So \\boxed{${a + b}}`),
      });
    }),
  );

const dpo = (changes: Parameters<typeof someJob>[0] = {}): TrainJob =>
  someJob({ training: pairs(12), ...changes, hyperparameters: { beta: 0.2, ...changes.hyperparameters } });

async function run(job: TrainJob, stopAfter = Infinity): Promise<{ files: Files; updates: TrainUpdate[] }> {
  const updates: TrainUpdate[] = [];
  const stop = new AbortController();
  const on = (update: TrainUpdate): void => {
    updates.push(update);
    if (update.t === 'progress' && update.step === stopAfter) stop.abort(new Error('enough'));
  };
  const files = await engine.train('job', job, on, stop.signal).catch((error: unknown) => {
    if (error !== stop.signal.reason) throw error;
    return {};
  });
  return { files, updates };
}
const of = <T extends TrainUpdate['t']>(updates: readonly TrainUpdate[], t: T) =>
  updates.filter((u): u is Extract<TrainUpdate, { t: T }> => u.t === t);
const untimed = (files: Files): string => fromUtf8(files['step_metrics.csv']!).replace(/^((?:[^,\n]*,){6})[^,\n]*/gm, '$1');

describe('a job over preference pairs', () => {
  it.each([true, false])('begins at ln 2 and ends with every chosen answer ahead (adapter: %s)', async lora => {
    const job = dpo({ validation: pairs(4, 40), hyperparameters: { lora, max_steps: 12, learning_rate: lora ? 1e-2 : 1e-3 } });
    const { files, updates } = await run(job);
    expect(of(updates, 'plan')).toMatchObject([{ rows: 12, steps: 12 }]);
    expect(of(updates, 'reference').at(-1)).toEqual({ t: 'reference', done: 16, total: 16 });
    const steps = of(updates, 'progress');
    expect(steps[0]!.train_loss).toBeCloseTo(Math.LN2, 3);
    expect(steps[0]!.reward_margin).toBeCloseTo(0, 3);
    expect(steps.at(-1)!.train_loss).toBeLessThan(0.4);
    expect(steps.at(-1)!).toMatchObject({ preference_accuracy: 1 });
    expect(steps.at(-1)!.reward_margin).toBeGreaterThan(0.5);
    const evals = of(updates, 'eval');
    expect(evals.map(({ step }) => step)).toEqual([0, 12]);
    expect(evals[0]!.valid_loss).toBeCloseTo(Math.LN2, 3);
    expect(evals[1]!).toMatchObject({ preference_accuracy: 1 });
    expect(of(updates, 'warn')).toEqual([]);
    const [head, first] = fromUtf8(files['step_metrics.csv']!).split('\n');
    expect(head).toBe('step,train_loss,train_mean_token_accuracy,learning_rate,grad_norm,tokens,ms,reward_margin,preference_accuracy');
    expect(first!.split(',')).toHaveLength(9);
    // What the probe tells is what the loss is made of: pair by pair, the chosen answer gained more than the rejected one.
    const { rows, heldOut } = JSON.parse(fromUtf8(files['probe.json']!)) as Probe;
    expect([rows.length, heldOut]).toEqual([4, true]);
    const gain = rows.map(({ tokens, mask, base, tuned }) => (base - tuned) * trainedTokens({ tokens, mask }));
    expect(gain[0]! - gain[1]!).toBeGreaterThan(0);
    expect(gain[2]! - gain[3]!).toBeGreaterThan(0);
  });

  it('computes the same in small parts, and the same bits again', async () => {
    const losses = async (job: TrainJob) => of((await run(job)).updates, 'progress').map(u => u.train_loss);
    const whole = await losses(dpo());
    expect(await losses(dpo())).toEqual(whole);
    const parts = await losses(dpo({ hyperparameters: { micro_batch_size: 1 } }));
    parts.forEach((loss, i) => expect(loss).toBeCloseTo(whole[i]!, 4));
  });

  it('goes on from a checkpoint, held to the same beginning, to the bits of a run without a break', async () => {
    const earlier = await run(dpo({ hyperparameters: { max_steps: 4 } }));
    for (const from of [null, earlier.files]) {
      const job = dpo({ from, checkpointEvery: 2, validation: pairs(3, 40), hyperparameters: { max_steps: 5 } });
      const whole = await run(job);
      const [checkpoint] = of((await run(job, 3)).updates, 'checkpoint');
      const rest = await run({ ...job, resume: checkpoint!.files });
      const steps = ({ updates }: { updates: TrainUpdate[] }) => of(updates, 'progress').map(({ ms: _, ...step }) => step);
      expect(steps(rest)).toEqual(steps(whole).slice(2));
      expect(of(rest.updates, 'eval')).toEqual(of(whole.updates, 'eval').slice(2));
      for (const name of ['adapter_model.safetensors', 'probe.json'])
        expect(Buffer.compare(rest.files[name]!, whole.files[name]!), name).toBe(0);
      expect(untimed(rest.files)).toBe(untimed(whole.files));
      // Its beginning is what it goes on from, and not the base.
      expect(steps(whole)[0]!.train_loss).toBeCloseTo(Math.LN2, 3);
    }
  });

  it('says so when nothing was learned', async () => {
    const { updates } = await run(dpo({ hyperparameters: { learning_rate: 1e-12, max_steps: 10 } }));
    expect(of(updates, 'warn').map(u => u.message)).toEqual([
      expect.stringMatching(/^The result prefers the chosen answers of 2 training pairs/),
    ]);
  });

  it.each([
    [{ input: { messages: [{ role: 'user', content: 'a' }] }, preferred_output: said('b') }, 'has no non_preferred_output'],
    [{ messages: [{ role: 'user', content: 'a' }, ...said('b')] }, 'has no input.messages'],
    [{ input: { messages: [] }, preferred_output: said('b'), non_preferred_output: said('c') }, 'has no input.messages'],
  ])('names the line that is no pair %#', async (row, words) => {
    const training = jsonl([fromUtf8(pairs(1)), JSON.stringify(row)]);
    await expect(run(dpo({ training }))).rejects.toMatchObject({
      ...{ code: 'invalid_training_file', param: 'training_file' },
      message: expect.stringContaining(`line 2: ${words}`) as string,
    });
  });
});
