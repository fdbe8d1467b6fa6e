// How likely a model finds a given text: what likelihood metrics need, in batched prefills.
import { Batch, type Model } from './batch';
import { logSumExp } from './sampler';

export interface ScoredText {
  prompt: readonly number[];
  text: readonly number[];
  adapter: string | null;
}

/** ln p of every token of `text` behind `prompt`, for each row. Rows with no text get no numbers. */
export async function scoreWave(model: Model, rows: readonly ScoredText[], positionsPerRun: number): Promise<number[][]> {
  const out = rows.map((): number[] => []);
  const texts = rows.map(r => [...r.prompt, ...r.text]);
  const longest = Math.max(...rows.map(r => r.text.length));
  // Logits of every position at once would need positions × vocabulary floats; a large vocabulary takes several runs instead.
  for (let from = 0; from < longest; from += positionsPerRun) {
    const k = Math.min(positionsPerRun, longest - from);
    const at = rows.map((r, row) => Array.from({ length: k }, (_, i) => Math.min(r.prompt.length - 1 + from + i, texts[row]!.length - 1)));
    const batch = new Batch(
      model,
      rows.map(r => r.adapter),
      Math.max(...texts.map(t => t.length)),
    );
    try {
      const logits = await batch.read(texts, at);
      rows.forEach((r, row) => {
        for (let i = from; i < Math.min(from + k, r.text.length); i++) {
          const own = logits(row, i - from);
          let max = -Infinity;
          for (const value of own) if (value > max) max = value;
          out[row]!.push(own[r.text[i]!]! - logSumExp(own, max));
        }
      });
    } finally {
      batch.dispose();
    }
  }
  return out;
}
