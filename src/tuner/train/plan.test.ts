import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { plannedUpdates } from '../../experiment/training-plan';
import { loopConfigOf } from '../../experiment/loop.fixture';
import type { SetRow } from '../../datasets/records';
import { hyperparametersOf } from '../../finetune/job-body';
import { profiles } from '../../finetune/profile';
import type { BaseModel, Hyperparameters } from '../engine';
import { resolveHyperparameters } from '../hyperparameters';
import { someJob } from './fixture';
import { batchOrder } from '../row-order';
import { microBatches, stepsOf } from './plan';

const settings = (changes: Partial<Hyperparameters>): Hyperparameters => someJob({ hyperparameters: changes }).hyperparameters;

describe('the plan', () => {
  it('counts updates by epochs, unless they are given', () => {
    expect(stepsOf(45, settings({ max_steps: null, n_epochs: 2, batch_size: 20 }))).toBe(5);
    expect(stepsOf(3, settings({ max_steps: null, n_epochs: 1, batch_size: 20 }))).toBe(1);
    expect(stepsOf(3, settings({ max_steps: 80, n_epochs: 1, batch_size: 20 }))).toBe(80);
  });

  it('is the one the loop announced and the order asked for', () => {
    const base: BaseModel = {
      ...{ id: 'abacus', repo: null, revision: null, maxContext: 512, parameters: 1, targetModules: [], maxRank: 64, shapes: {} },
    };
    const announced = (rows: number, batchSize: number, epochs: number | null, steps: number | null) => {
      const config = loopConfigOf({ validationRows: 0 });
      const training = { ...config.training.generator, batchSize, epochs, steps };
      const set = { role: 'generator', size: rows, skipped: null } as SetRow;
      const updates = plannedUpdates({ ...config, training: { generator: training, critic: training } }, set);
      const { hyperparameters, steps: asked } = resolveHyperparameters(hyperparametersOf(training, rows, profiles.tuner), base, null, rows);
      expect([asked, stepsOf(rows, hyperparameters)]).toEqual([updates, updates]);
      return updates;
    };
    // Passes follow each other without a gap: 30 rows in batches of 20 are two updates.
    expect(announced(10, 20, 3, null)).toBe(2);
    expect(announced(10, 20, null, 7)).toBe(7);
    const sizes = [fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 64 }), fc.integer({ min: 1, max: 9 })] as const;
    fc.assert(fc.property(...sizes, (rows, batch, epochs) => announced(rows, batch, epochs, null) >= 1));
  });

  it('shows every row once an epoch, whatever the batches', () => {
    const sizes = fc.record({
      rows: fc.integer({ min: 1, max: 40 }),
      batch: fc.integer({ min: 1, max: 50 }),
      epochs: fc.integer({ min: 1, max: 4 }),
    });
    fc.assert(
      fc.property(sizes, fc.nat(), ({ rows, batch, epochs }, seed) => {
        const h = settings({ max_steps: null, n_epochs: epochs, batch_size: batch });
        const order = batchOrder(rows, h, seed);
        const seen = Array.from({ length: stepsOf(rows, h) }, (_, i) => order(i + 1));
        expect(seen.slice(0, -1).every(own => own.length === batch)).toBe(true);
        const all = seen.flat();
        expect(all).toHaveLength(rows * epochs);
        for (let epoch = 0; epoch < epochs; epoch++)
          expect(all.slice(epoch * rows, (epoch + 1) * rows).sort((a, b) => a - b)).toEqual([...Array(rows).keys()]);
      }),
    );
  });

  it('is a function of seed and step: an interrupted job draws as one that was not', () => {
    const h = settings({ max_steps: 30, batch_size: 7 });
    const [one, other] = [batchOrder(23, h, 5), batchOrder(23, h, 5)];
    const forward = Array.from({ length: 30 }, (_, i) => one(i + 1));
    const backward = Array.from({ length: 30 }, (_, i) => other(30 - i)).reverse();
    expect(backward).toEqual(forward);
    expect(batchOrder(23, h, 6)(1)).not.toEqual(forward[0]);
    expect(forward.flat().slice(23, 46)).not.toEqual(forward.flat().slice(0, 23));
  });

  it('cuts a batch into parts of like length that hold every row once, within both limits', () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(lengths, fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 200 }), (batch, rows, tokens) => {
        const parts = microBatches(
          batch.map((length, id) => ({ id, tokens: Array<number>(length).fill(0) })),
          { rows, tokens },
        );
        expect(
          parts
            .flat()
            .map(({ id }) => id)
            .sort((a, b) => a - b),
        ).toEqual([...batch.keys()]);
        for (const part of parts) {
          expect(part.length).toBeLessThanOrEqual(rows);
          expect(part.length === 1 || part.length * Math.max(...part.map(row => row.tokens.length)) <= tokens).toBe(true);
        }
        const inOrder = parts.flat().map(row => row.tokens.length);
        expect(inOrder).toEqual([...inOrder].sort((a, b) => b - a));
      }),
    );
  });
});
