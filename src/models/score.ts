// How likely a model finds given tokens: what likelihood metrics and the probe of an adapter need, in batched prefills.
import { Batch, type Model } from './batch';
import { logSumExp } from './sampler';
import { planWaves, type WaveLimits } from './waves';

export interface ScoredText {
  tokens: readonly number[];
  /** Positions of the tokens asked for, ascending, none of them the first: nothing stands before that. */
  targets: readonly number[];
  /** As the model's adapter inputs know it; null = none. */
  adapter: string | null;
}

/** Logits of one run, in numbers: 128 MB. */
const BUDGET = 32_000_000;
/** On a processor a batch of whole texts is long enough, and a wider one leaves the caches: 8 rows of 300 tokens cost a tenth less than 32. */
const ROWS_ON_PROCESSOR = 8;

/**
 * ln p of each target behind all that stands before it, batch by batch as they are done.
 * @yields the texts of one batch, each with its numbers; a text without targets gets none
 */
export async function* scoreTexts<T extends ScoredText>(
  model: Model,
  texts: readonly T[],
  limits: WaveLimits,
  signal: AbortSignal,
): AsyncGenerator<[T, number[]][]> {
  const empty = texts.filter(t => !t.targets.length);
  if (empty.length) yield empty.map(t => [t, []]);
  const rest = texts.filter(t => t.targets.length);
  const longest = Math.max(1, ...rest.map(t => t.targets.length));
  // A batch as wide as its logits allow: when they do not fit, every further run reads the same texts again.
  const widest = model.runtime.device === 'webgpu' ? limits.rows : Math.min(limits.rows, ROWS_ON_PROCESSOR);
  const rows = Math.max(1, Math.min(widest, Math.floor(BUDGET / (longest * model.shape.vocabulary))));
  const sized = rest.map(t => ({ promptTokens: t.tokens.length, maxNewTokens: 0 }));
  for (const wave of planWaves(sized, { ...limits, rows })) {
    signal.throwIfAborted();
    const own = wave.map(i => rest[i]!);
    const logprobs = await scoreWave(model, own, Math.max(1, Math.floor(BUDGET / (own.length * model.shape.vocabulary))));
    yield own.map((text, n) => [text, logprobs[n]!]);
  }
}

async function scoreWave(model: Model, rows: readonly ScoredText[], positionsPerRun: number): Promise<number[][]> {
  const out = rows.map((): number[] => []);
  const longest = Math.max(...rows.map(r => r.targets.length));
  for (let from = 0; from < longest; from += positionsPerRun) {
    const k = Math.min(positionsPerRun, longest - from);
    // A row with fewer targets repeats its last one.
    const at = rows.map(r => Array.from({ length: k }, (_, i) => (r.targets[from + i] ?? r.targets.at(-1)!) - 1));
    const batch = new Batch(
      model,
      rows.map(r => r.adapter),
      Math.max(...rows.map(r => r.tokens.length)),
      true,
    );
    try {
      const logits = await batch.read(
        rows.map(r => r.tokens),
        at,
      );
      rows.forEach((r, row) => {
        for (let i = from; i < Math.min(from + k, r.targets.length); i++) {
          const own = logits(row, i - from);
          let max = -Infinity;
          for (let v = 0; v < own.length; v++) if (own[v]! > max) max = own[v]!;
          out[row]!.push(own[r.tokens[r.targets[i]!]!]! - logSumExp(own, max));
        }
      });
    } finally {
      batch.dispose();
    }
  }
  return out;
}
