// The reducer by its laws, for any sequence of facts whatever.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isTerminal } from '../finetune/wire';
import { newJob, reduce, type Fact, type FactBody, type JobState } from './facts';

const step = fc.integer({ min: 0, max: 12 });
const files = fc.constant<Record<string, string>>({ 'adapter_config.json': 'file-a' });
const body: fc.Arbitrary<FactBody> = fc.oneof(
  fc.record({ type: fc.constant('validated' as const), rows: fc.nat(9), validationRows: fc.constant(null) }),
  fc.record({ type: fc.constant('started' as const), resumed: fc.constant(null) }),
  step.map(s => {
    const means = { train_loss: 1, train_mean_token_accuracy: 0, learning_rate: 1, grad_norm: 1 };
    return { type: 'step' as const, step: s, total: 12, ...means, tokens: s, ms: 1 };
  }),
  fc.record({ type: fc.constant('eval' as const), step, valid_loss: fc.constant(1), valid_mean_token_accuracy: fc.constant(0) }),
  fc.record({ type: fc.constant('checkpoint' as const), step, files, rest: fc.constant<string[]>([]) }),
  fc.constant({ type: 'note' as const, level: 'info' as const, message: 'x' }),
  fc.record({ type: fc.constant('requeued' as const), lost: fc.boolean(), message: fc.constant('') }),
  fc.record({ type: fc.constant('succeeded' as const), files }),
  fc.constant({ type: 'failed' as const, code: 'oom', message: '', param: null }),
  fc.constant({ type: 'cancelled' as const }),
  fc.record({ type: fc.constant('model-deleted' as const), step: fc.option(step) }),
);

/** Offers each fact; what is refused does not happen. @returns every state on the way and the facts that happened */
function live(bodies: readonly FactBody[]): { states: JobState[]; facts: Fact[] } {
  const states = [newJob];
  const facts: Fact[] = [];
  for (const offered of bodies) {
    const state = states.at(-1)!;
    const fact: Fact = { ...offered, seq: state.seq + 1, at: 1000 + states.length };
    const next = reduce(state, fact);
    if (!next) continue;
    states.push(next);
    facts.push(fact);
  }
  return { states, facts };
}

const allowed: Record<string, readonly string[]> = {
  validating_files: ['queued', 'failed', 'cancelled'],
  queued: ['running', 'failed', 'cancelled'],
  running: ['queued', 'succeeded', 'failed', 'cancelled'],
};

/** Sequences that get somewhere: random ones rarely pass the first state. */
const story = fc
  .tuple(fc.boolean(), fc.boolean(), fc.array(body, { maxLength: 40 }))
  .map(([valid, started, rest]): FactBody[] => [
    ...(valid ? [{ type: 'validated' as const, rows: 1, validationRows: null }] : []),
    ...(valid && started ? [{ type: 'started' as const, resumed: null }] : []),
    ...rest,
  ]);

test('a checkpoint carries the validation loss of its own step only', () => {
  const bodies: FactBody[] = [
    { type: 'validated', rows: 1, validationRows: 1 },
    { type: 'started', resumed: null },
  ];
  const means = { total: 3, train_mean_token_accuracy: 0, learning_rate: 1, grad_norm: 1, tokens: 1, ms: 1 };
  for (const step of [1, 2, 3]) {
    bodies.push({ type: 'step', step, train_loss: step, ...means });
    if (step === 2) bodies.push({ type: 'eval', step, valid_loss: 7, valid_mean_token_accuracy: null });
    if (step < 3) bodies.push({ type: 'checkpoint', step, files: {}, rest: [] });
  }
  const { states } = live([...bodies, { type: 'succeeded', files: {} }]);
  expect(states.at(-1)!.checkpoints.map(({ metrics }) => metrics)).toEqual([
    { step: 1, train_loss: 1, train_mean_token_accuracy: 0 },
    { step: 2, train_loss: 2, train_mean_token_accuracy: 0, full_valid_loss: 7 },
    { step: 3, train_loss: 3, train_mean_token_accuracy: 0 },
  ]);
});

describe('the reducer', () => {
  test('moves only along the arrows, and terminal states are final', () => {
    fc.assert(
      fc.property(story, bodies => {
        const { states } = live(bodies);
        for (const [i, state] of states.entries()) {
          const before = states[i - 1];
          if (!before || before.status === state.status) continue;
          expect(allowed[before.status] ?? []).toContain(state.status);
        }
        const end = states.findIndex(({ status }) => isTerminal(status));
        if (end >= 0)
          for (const state of states.slice(end)) expect(state).toMatchObject({ status: states[end]!.status, error: states[end]!.error });
      }),
    );
  });

  test('numbers have no gap, steps and checkpoints only grow, attempts are never negative', () => {
    fc.assert(
      fc.property(story, bodies => {
        const { states, facts } = live(bodies);
        facts.forEach((fact, i) => expect(fact.seq).toBe(i + 1));
        for (const [i, state] of states.entries()) {
          expect(state.attempts).toBeGreaterThanOrEqual(0);
          expect(state.step).toBeGreaterThanOrEqual(states[i - 1]?.step ?? 0);
          const steps = state.checkpoints.map(checkpoint => checkpoint.step);
          expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b));
          expect(state.finished === null).toBe(!isTerminal(state.status));
          expect(state.status === 'failed').toBe(state.error !== null);
        }
      }),
    );
  });

  test('folding the facts again gives the same job, and a fact cannot happen twice', () => {
    fc.assert(
      fc.property(story, bodies => {
        const { states, facts } = live(bodies);
        let state = newJob;
        for (const fact of facts) {
          state = reduce(state, fact)!;
          expect(reduce(state, fact)).toBe(null);
        }
        expect(state).toEqual(states.at(-1));
      }),
    );
  });
});
