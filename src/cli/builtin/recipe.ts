// The course of study of the built-in model: what it reads, in which order, at which rates. Fixed seed and fixed step counts.
import type { CorpusOptions } from '../../tasks/arithmetic/corpus';
import { weighted, type Random } from '../../tasks/arithmetic/random';
import type { Kind } from './batches';

export const recipeSeed = 'abacus 1';

export interface Stage {
  name: string;
  steps: number;
  /** Chance of each kind of batch at `done` in [0, 1). */
  mix(done: number): readonly (readonly [Kind, number])[];
  /** Factor on the peak rates at `done`. */
  rate(done: number): number;
  corpus: CorpusOptions;
}

/** Peak learning rates: AdamW for embedding, head and norms; Muon for hidden matrices. */
export const peak = { adamw: 4e-3, muon: 0.02 };
export const warmUp = 60;

const difficulties = [
  ['standard', 0.66],
  ['easy', 0.06],
  ['larger', 0.12],
  ['large', 0.1],
  ['paper', 0.06],
] as const;
const shownSlipRates = [0, 0.04, 0.08, 0.12, 0.16, 0.25];

export const stages: readonly Stage[] = [
  {
    // Clean solutions, and facts alone while they are still being learnt.
    name: 'reason',
    steps: 8000,
    mix: done => [
      ['drill', Math.max(0.05, 0.45 - done)],
      ['solve', done < 0.15 ? 0.8 : 0.4],
      ['revise', done < 0.15 ? 0.05 : 0.35],
      ['summarise', done < 0.4 ? 0.35 : 0.2],
    ],
    rate: done => (done < 0.45 ? 1 : 1 - 0.85 * ((done - 0.45) / 0.55)),
    corpus: { difficulties, slipRate: 0, shownSlipRates, criticSlipRate: 0 },
  },
  {
    // Reading: who says what, and where two solutions part, is learnt later than working out.
    name: 'read',
    steps: 2400,
    mix: () => [
      ['drill', 0.03],
      ['solve', 0.22],
      ['revise', 0.3],
      ['summarise', 0.45],
    ],
    rate: done => 0.45 - 0.25 * done,
    corpus: { difficulties, slipRate: 0, shownSlipRates, criticSlipRate: 0 },
  },
  {
    // Equal or not, and where: on solutions cut down to a few steps, then on whole ones.
    name: 'compare',
    steps: 2000,
    mix: done => [
      ['compare', done < 0.6 ? 0.6 : 0.25],
      ['summarise', done < 0.6 ? 0.2 : 0.45],
      ['solve', 0.1],
      ['revise', 0.2],
    ],
    rate: done => 0.45 - 0.23 * done,
    corpus: { difficulties, slipRate: 0, shownSlipRates, criticSlipRate: 0 },
  },
  {
    // Solutions by imperfect authors; reviewers slip far less, but they do.
    name: 'authors',
    steps: 1800,
    mix: () => [
      ['drill', 0.03],
      ['solve', 0.27],
      ['revise', 0.3],
      ['summarise', 0.3],
      ['compare', 0.1],
    ],
    rate: done => 0.22 * (1 - done) + 0.005,
    corpus: { difficulties, slipRate: 0.08, shownSlipRates, criticSlipRate: 0.015 },
  },
];

export const kindAt = (stage: Stage, done: number, random: Random): Kind => weighted(random, stage.mix(done));
