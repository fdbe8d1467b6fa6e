// 2N sets become 2N jobs, all handed out at once: the endpoint decides how many it trains side by side.
import { agentName, type AgentName } from '../datasets/records';
import { LoopHalted, type Context } from './context';
import { openJobs } from './fold';
import { trainedIn } from './society';
import { StepPace } from './step-pace';
import { orderOf, skipped, train, type Ordered } from './train-agent';
import { plannedUpdates } from './training-plan';

/** @throws LoopHalted when a job failed and the loop is not to go on without it; what the other jobs made is kept */
export async function finetune(context: Context, iteration: number): Promise<void> {
  const { ports, state } = context;
  const it = state.iterations[iteration]!;
  const headers = new Map(it.collected!.sets.map(header => [agentName(header.role, header.agent), header]));
  const open = openJobs(it, trainedIn(it), context.onFailure);
  for (const name of open.filter(agent => headers.get(agent)!.skipped !== null)) {
    await context.record(skipped(iteration, name, headers.get(name)!.skipped, ports.now()));
  }
  const orders: Ordered[] = [];
  for (const name of open) {
    const header = headers.get(name)!;
    if (header.skipped === null) orders.push(await orderOf(context, iteration, name, header));
  }

  const planned = (name: AgentName): number => plannedUpdates(state.start!.config, headers.get(name)!);
  const total = trainedIn(it).reduce((sum, name) => sum + planned(name), 0);
  const waiting = new Set(orders.map(({ order }) => order.agent));
  const steps = new Map(trainedIn(it).map(name => [name, waiting.has(name) ? 0 : planned(name)]));
  const meter = context.meter(iteration, 'finetune');
  const pace = new StepPace();
  const show = (): void => {
    const done = Math.min(
      total,
      [...steps.values()].reduce((sum, value) => sum + value, 0),
    );
    meter(done, total, pace.secondsFor(total - done));
  };
  show();

  // One broken connection breaks them all: the others stop watching, and go on where they were when the loop is resumed.
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const outcomes = await Promise.allSettled(
    orders.map(async ordered => {
      const { agent } = ordered.order;
      try {
        const onStep = (step: number, at: number): void => {
          steps.set(agent, Math.min(step, planned(agent)));
          pace.add(at);
          show();
        };
        const reason = await train(context, ordered, onStep, signal);
        steps.set(agent, planned(agent));
        show();
        return reason === null ? null : `${agent}: ${reason}`;
      } catch (error) {
        stop.abort(error);
        throw error;
      }
    }),
  );
  context.signal.throwIfAborted();
  if (stop.signal.aborted) throw stop.signal.reason;
  const failed = outcomes.map(outcome => (outcome.status === 'fulfilled' ? outcome.value : null)).filter(reason => reason !== null);
  if (failed.length && context.onFailure === 'stop')
    throw new LoopHalted(iteration, 'finetune', `training failed for ${failed.join('; ')}`);
}
