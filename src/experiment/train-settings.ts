// What a training may be asked for: one set of rules for a configuration from a file, for the form and for the record. The bounds are those
// of the wire, so that nothing is debated for an hour whose training is then refused.
import * as v from 'valibot';

interface Bounds {
  whole?: boolean;
  /** `min` itself is refused. */
  above?: boolean;
}

function within(min: number, max: number, { whole = false, above = false }: Bounds = {}) {
  const wanted = `a ${whole ? 'whole number' : 'number'} ${above ? `above ${min} and at most` : `from ${min} to`} ${max} is needed`;
  const fits = (value: number): boolean => (above ? value > min : value >= min) && value <= max && (!whole || Number.isInteger(value));
  return v.pipe(v.number(wanted), v.check(fits, wanted));
}

/** Each setting by itself. */
export const trainEntries = {
  method: v.picklist(['lora', 'full'], 'lora or full is needed'),
  rank: within(0, 64, { whole: true }),
  alpha: within(0, 1024),
  learningRate: within(0, 1, { above: true }),
  schedule: v.picklist(['constant', 'linear', 'cosine'], 'constant, linear or cosine is needed'),
  warmupSteps: within(0, 100_000, { whole: true }),
  batchSize: within(1, 256, { whole: true }),
  epochs: v.nullable(within(1, 50, { whole: true })),
  steps: v.nullable(within(1, 1_000_000, { whole: true })),
  weightDecay: within(0, 1),
  maxGradNorm: within(0, 1000),
};

/** What two of them say together; the issue names the one to change. */
export const trainSettingsSchema = v.pipe(
  v.object(trainEntries),
  v.forward(
    v.check(({ epochs, steps }) => (epochs === null) !== (steps === null), 'exactly one of epochs and steps is set'),
    ['epochs'],
  ),
  v.forward(
    v.check(({ method, rank }) => method === 'full' || rank >= 1, 'an adapter has a rank of at least 1'),
    ['rank'],
  ),
  v.forward(
    v.check(({ method, alpha }) => method === 'full' || alpha > 0, 'an adapter has an alpha above 0'),
    ['alpha'],
  ),
);
