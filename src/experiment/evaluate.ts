// The society is judged: the held-out questions are debated, and what was said is measured.
import { measures } from '../metrics/measure';
import { heldOutNll } from '../metrics/nll';
import { assemble } from './adopt';
import type { Context } from './context';
import { runOf } from './debates';

export async function evaluate(context: Context, iteration: number): Promise<void> {
  const { ports, signal } = context;
  const plan = runOf(context.state, iteration, 'evaluate');
  await assemble(context, iteration, plan.config.seats);
  let begun = ports.clock();
  const run = await context.debate(iteration, 'evaluate', context.meter(iteration, 'evaluate'));
  if (!context.state.iterations[iteration]?.evaluated) {
    const { calls, newTokens } = run.ledger;
    const ms = ports.clock() - begun;
    await context.record({ type: 'debated', iteration, purpose: 'evaluate', run: plan.run, calls, newTokens, ms, at: ports.now() });
  }
  begun = ports.clock();
  const { nllQuestions } = context.state.start!.config;
  const { requests, fold } = heldOutNll(run, nllQuestions);
  const meter = context.meter(iteration, 'evaluate', 'score');
  const scored = (done: number): void => meter(done, requests.length);
  if (nllQuestions > 0) scored(0);
  const nll = nllQuestions > 0 ? fold(await ports.score(requests, scored, signal)) : null;
  const ms = ports.clock() - begun;
  await context.record({ type: 'measured', iteration, run: plan.run, measures: { ...measures(run), nll }, ms, at: ports.now() });
}
