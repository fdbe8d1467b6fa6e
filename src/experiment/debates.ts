// The debates of a loop: two per iteration, on training questions before training and on held-out questions after it.
import type { LoopState } from './fold';
import type { DebatePlan } from './ports';
import { trainQuestions } from './questions';
import { derivedSeed } from './seeds';
import { runId, seatsAfter } from './society';

/**
 * The debate that an iteration holds, as a function of what is recorded: resumed, it is the same debate.
 * Evaluations share one seed, so that iterations differ by their weights alone; training debates draw anew each time,
 * or an agent whose weights stayed would only repeat itself.
 */
export function runOf(state: LoopState, iteration: number, purpose: 'train' | 'evaluate'): DebatePlan {
  const { loop, title, config, train, evaluate } = state.start!;
  const training = purpose === 'train';
  return {
    run: runId(loop, iteration, purpose),
    title: `${title} · iteration ${iteration}, ${training ? 'training' : 'held-out'} questions`,
    config: {
      ...config.debate,
      seats: seatsAfter(state, training ? iteration - 1 : iteration),
      seed: training ? derivedSeed(config.seed, 'train', iteration) : config.debate.seed,
    },
    questions: !training ? evaluate : iteration === 1 ? train : trainQuestions(config, evaluate, iteration),
  };
}
