// The closed loop: evaluate the base; then debate, collect, finetune, adopt, evaluate, L times. Each step is a function of what is recorded.
import { adopt, assemble } from './adopt';
import { createContext, type Context } from './context';
import { runOf } from './debates';
import { collect } from './collect';
import { evaluate } from './evaluate';
import { finetune } from './finetune';
import { nextOf, type LoopStart, type LoopState, type OnFailure, type Position } from './fold';
import { assertDisjoint } from './questions';
import type { LoopPorts } from './ports';
import { adapterId, modelsOf, trainedIn } from './society';

export { LoopHalted } from './context';

export interface LoopOptions {
  /** First event of the loop; only used, and recorded, when `state` has not started yet. */
  start: LoopStart;
  /** Fold of what is already stored: none of it is done again. */
  state: LoopState;
  ports: LoopPorts;
  /** Go no further than this iteration now; more than the configured L goes on beyond it. */
  iterations?: number;
  /** Overrides the loop's own setting for this sitting: a halted loop may be told to go on without what failed. */
  onFailure?: OnFailure;
  signal: AbortSignal;
}

async function speak(context: Context, iteration: number): Promise<void> {
  const { ports } = context;
  const plan = runOf(context.state, iteration, 'train');
  await assemble(context, iteration, plan.config.seats);
  const begun = ports.clock();
  const { ledger } = await context.debate(iteration, 'train', context.meter(iteration, 'debate'));
  const { calls, newTokens } = ledger;
  await context.record({
    type: 'debated',
    iteration,
    purpose: 'train',
    run: plan.run,
    calls,
    newTokens,
    ms: ports.clock() - begun,
    at: ports.now(),
  });
}

const work: Record<Position['stage'], (context: Context, iteration: number) => Promise<void>> = {
  debate: speak,
  collect,
  finetune,
  adopt,
  evaluate,
};

/** @throws RangeError for a loop that could not end well, before anything is spoken */
function check({ config, loop, train, evaluate: held }: LoopStart): void {
  if (config.iterations < 1) throw new RangeError('a loop has at least one iteration');
  if (!train.length || !held.length) throw new RangeError('a loop needs questions to train on and questions to be judged by');
  if (config.debate.seats.some(({ generator, critic }) => generator !== null || critic !== null))
    throw new RangeError('every agent of a loop starts as the base');
  assertDisjoint(train, held);
  for (const agent of modelsOf(config)) adapterId(loop, 9999, agent);
}

/**
 * Runs a loop to its end, or goes on with one.
 * @returns the fold of everything recorded
 * @throws the abort reason when `signal` fires, {@link LoopHalted} when a job or probe fails, and whatever a port throws; all can be resumed
 */
export async function runLoop(options: LoopOptions): Promise<LoopState> {
  const { ports, signal, start } = options;
  signal.throwIfAborted();
  const config = (options.state.start ?? start).config;
  const onFailure = options.onFailure ?? config.onFailure ?? 'stop';
  const iterations = options.iterations ?? config.iterations;
  const context = createContext({ ports, signal, onFailure, state: options.state });
  const next = (): Position | null => nextOf(context.state, iterations, trainedIn, onFailure);
  if (!context.state.start) {
    check(start);
    await context.record(start);
  } else if (next()) await context.record({ type: 'note', note: 'resumed', text: words(next()!), at: ports.now() });

  let before = '';
  for (let position = next(); position; position = next()) {
    signal.throwIfAborted();
    const here = `${position.iteration} ${position.stage}`;
    if (here === before) throw new Error(`the stage "${position.stage}" of iteration ${position.iteration} ended without being done`);
    before = here;
    await work[position.stage](context, position.iteration);
  }
  if (iterations >= config.iterations && !context.state.finished) await context.record({ type: 'loop-finished', at: ports.now() });
  return context.state;
}

const words = ({ iteration, stage }: Position): string => `Goes on with iteration ${iteration}: ${stage}.`;
