// Supervised training: the likelihood of the answers that were given.
import { batchOf, longestOf, type Objective } from './objective';
import { microBatches } from './plan';
import { probeRows } from './probe';
import { readRows, trainedTokens, type RowRules } from './rows';

/** @throws TrainError naming the first line that cannot be trained on */
export function supervised(training: Uint8Array, validation: Uint8Array | null, rules: RowRules): Objective {
  const rows = readRows(training, rules, 'training_file');
  const held = validation ? readRows(validation, rules, 'validation_file') : [];
  const probe = probeRows(rows, held);
  return {
    size: rows.length,
    texts: rows,
    longest: longestOf([...rows, ...held]),
    validates: held.length > 0,
    probe,
    begin: async () => undefined,
    async update({ stepper, limits, pad }, indices, rate) {
      const batch = indices.map(i => rows[i]!);
      const targets = batch.reduce((total, row) => total + trainedTokens(row), 0);
      const parts = microBatches(batch, limits).map(part => batchOf(part, pad, targets));
      const { loss, norm, correct } = await stepper.step(parts, { adamw: rate });
      return { loss, norm, targets, accuracy: correct / targets };
    },
    async validate({ stepper, limits, pad, breathe }) {
      let [loss, targets, hits] = [0, 0, 0];
      for (const part of microBatches(held, limits)) {
        const { nll, tokens, correct } = await stepper.evaluate(batchOf(part, pad));
        loss += nll.reduce((a, b) => a + b, 0);
        targets += tokens;
        hits += correct;
        await breathe();
      }
      return { loss: loss / targets, accuracy: hits / targets };
    },
    // Likelihood is what the probe shows anyway, and the job judges every trainer's by it.
    warning: () => null,
  };
}
