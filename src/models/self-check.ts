// Does this device compute this model rightly? Small experiments whose outcome is known, run after warm-up and kept with the run.
import type { MappedAdapter } from '../onnx/feeds';
import type { Projection } from '../onnx/resolve';
import { Batch, type Model } from './batch';
import type { SelfCheck } from './engine';
import type { Reference } from './self-check-reference';
import { logSumExp } from './sampler';

/** Largest difference of two rows of logits; a NaN is infinitely far from everything. */
export function distance(a: Float32Array, b: Float32Array): number {
  let worst = 0;
  for (let i = 0; i < a.length; i++) {
    const d = Math.abs(a[i]! - b[i]!);
    if (Number.isNaN(d)) return Infinity;
    if (d > worst) worst = d;
  }
  return worst;
}

const best = (logits: Float32Array): number => logits.reduce((b, v, i) => (v > logits[b]! ? i : b), 0);

/** How far numbers may lie apart: 16-bit arithmetic is coarser. */
export interface Bounds {
  same: number;
  close: number;
  recorded: number;
}
export const boundsOf = (dtype: string): Bounds =>
  /f16|fp16/.test(dtype)
    ? { same: 5e-2, close: 1e-1, recorded: 2.5e-1 }
    : { same: 1e-4, close: 1e-3, recorded: /q|int/.test(dtype) ? 5e-2 : 1e-3 };

/** Token ids that any model of this vocabulary knows, spread over it. */
const probe = (length: number, vocabulary: number, salt: number): number[] =>
  Array.from({ length }, (_, i) => (i * 37 + salt * 11 + 5) % Math.min(vocabulary, 250));

/** Greedy logits of rows over some steps: [step][row]. */
async function greedy(
  model: Model,
  prompts: readonly number[][],
  adapters: readonly (string | null)[],
  steps: number,
): Promise<Float32Array[][]> {
  const batch = new Batch(model, adapters, Math.max(...prompts.map(p => p.length)) + steps);
  try {
    let logits = await batch.prefill(prompts);
    const out: Float32Array[][] = [];
    for (let step = 0; ; step++) {
      const rows = prompts.map((_, r) => logits.row(r).slice());
      out.push(rows);
      if (step === steps) return out;
      logits = await batch.step(rows.map(best));
    }
  } finally {
    batch.dispose();
  }
}

const check = (name: string, value: number, bound: number): SelfCheck => ({ name, value, bound, passed: value <= bound });

export const RAGGED = 'rows of unequal length in one batch equal the same rows alone';

/** Rows of unequal length, batched, against the same rows singly; different greedy tokens are infinitely far. */
export async function checkRagged(model: Model, { same }: Bounds): Promise<SelfCheck> {
  const { vocabulary } = model.shape;
  const prompts = [probe(11, vocabulary, 1), probe(4, vocabulary, 2)];
  const together = await greedy(model, prompts, [null, null], 8);
  let worst = 0;
  for (const [row, prompt] of prompts.entries()) {
    const alone = await greedy(model, [prompt], [null], 8);
    alone.forEach((logits, step) => {
      const other = together[step]![row]!;
      worst = Math.max(worst, best(logits[0]!) === best(other) ? distance(logits[0]!, other) : Infinity);
    });
  }
  return check(RAGGED, worst, same);
}

/** A prompt read at once against the same prompt fed token by token: attention kernels for long prompts are other kernels. */
export async function checkPrefill(model: Model, { close }: Bounds): Promise<SelfCheck> {
  const text = probe(48, model.shape.vocabulary, 3);
  const whole = new Batch(model, [null], text.length);
  const steps = new Batch(model, [null], text.length);
  try {
    const at = text.map((_, i) => i);
    const read = await whole.read([text], [at]);
    const want = at.map(i => read(0, i).slice());
    let worst = distance((await steps.prefill([text.slice(0, 1)])).row(0), want[0]!);
    for (const i of at.slice(1)) worst = Math.max(worst, distance((await steps.step([text[i]!])).row(0), want[i]!));
    return check('a prompt read at once equals the same prompt fed token by token', worst, close);
  } finally {
    whole.dispose();
    steps.dispose();
  }
}

/** What a model calls the adapter that is tried out on it. */
export const PROBE = 'probe';

/** An adapter that changes what is said. */
export function randomAdapter(modules: readonly Projection[]): MappedAdapter {
  let state = 12345;
  const next = (): number => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 2 ** 31 - 1;
  const rank = 2;
  return new Map(
    modules.map(({ name, K, N }) => [
      name,
      { rank, A: Float32Array.from({ length: K * rank }, () => next() / Math.sqrt(K)), B: Float32Array.from({ length: rank * N }, next) },
    ]),
  );
}

const SAME_BASE = 'no adapter equals the base';
const HAS_EFFECT = 'an adapter changes what its row says';
const STAYS = 'adapters stay with their rows';

/** What is not known of adapters yet, and why. */
export const withoutAdapters = (why: string): SelfCheck[] =>
  [SAME_BASE, HAS_EFFECT, STAYS].map(name => ({ name, passed: true, value: 0, bound: 0, skipped: why }));

/** What weights say when no adapter is fed, for `checkZero`: [step][row]. */
export const speakPlain = (model: Model): Promise<Float32Array[][]> => greedy(model, [probe(7, model.shape.vocabulary, 4)], [null], 1);

/** @param plain what the same weights said without adapter inputs */
export async function checkZero(model: Model, plain: Float32Array[][], { same }: Bounds): Promise<SelfCheck> {
  const zero = await speakPlain(model);
  return check(SAME_BASE, Math.max(...plain.map((rows, step) => distance(rows[0]!, zero[step]![0]!))), same);
}

/** @param model knows an adapter of this name, which changes what is said */
export async function checkRows(model: Model, adapter: string, { same }: Bounds): Promise<SelfCheck[]> {
  const { vocabulary } = model.shape;
  const prompts = [probe(7, vocabulary, 4), probe(7, vocabulary, 4)];
  const first = await greedy(model, prompts, [adapter, null], 0);
  const second = await greedy(model, prompts, [null, adapter], 0);
  const effect = distance(first[0]![0]!, first[0]![1]!);
  return [
    // Held against its bound from below: an adapter that was dropped changes nothing.
    { name: HAS_EFFECT, value: effect, bound: 1e-3, passed: effect > 1e-3 && Number.isFinite(effect) },
    check(STAYS, Math.max(distance(first[0]![0]!, second[0]![1]!), distance(first[0]![1]!, second[0]![0]!)), same),
  ];
}

/** Fixed prompts against the best tokens and their likelihoods as recorded when the model was made. */
export async function checkReference(model: Model, references: readonly Reference[], { recorded }: Bounds): Promise<SelfCheck> {
  let worst = 0;
  for (const { prompt, ids, logprobs } of references) {
    const [rows] = await greedy(model, [prompt], [null], 0);
    const logits = rows![0]!;
    const lse = logSumExp(
      logits,
      logits.reduce((m, v) => Math.max(m, v), -Infinity),
    );
    ids.forEach((id, i) => {
      const d = Math.abs((logits[id] ?? NaN) - lse - logprobs[i]!);
      worst = Math.max(worst, Number.isNaN(d) ? Infinity : d);
    });
  }
  return check('fixed prompts give the recorded likelihoods', worst, recorded);
}
