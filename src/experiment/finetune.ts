// 2N sets become 2N jobs, all handed out at once: the endpoint decides how many it trains side by side.
import { chatJsonl } from '../datasets/formats/chat';
import { agentName, type AgentName, type SetRole, type SetRow } from '../datasets/records';
import { fewUpdates, updatesOf } from '../datasets/updates';
import { LoopHalted, type Context } from './context';
import { openJobs, type JobEnded } from './fold';
import { JobFailed, LeftAsItWas, orderKey, type TuneOrder, type TuneUpdate, type Tuned } from './ports';
import type { KeptWeights, LoopConfig, TrainSettings } from './records';
import { derivedSeed } from './seeds';
import { adapterId, isShared, trainedIn, weightsOf } from './society';
import { heldOut, splitSet } from './split';
import { StepPace } from './step-pace';

/**
 * How a set is trained on. The one model of a control sees as many rows as all agents would in their own trainings (rows times passes), so
 * that it differs from them in nothing but being one; the rate and the rows per update are a generator's.
 */
export function settingsOf(config: LoopConfig, { role, size, minus, plus }: SetRow): TrainSettings {
  const own = config.training[role];
  if (!isShared(config)) return own;
  const seen = (of: SetRole, rows: number): number => {
    const { steps, epochs, batchSize } = config.training[of];
    return rows === 0 ? 0 : steps === null ? rows * epochs! : config.debate.seats.length * steps * batchSize;
  };
  const rows = seen('generator', size - minus - plus) + seen('critic', minus + plus);
  return { ...own, epochs: null, steps: Math.max(1, Math.round(rows / own.batchSize)) };
}

/** Of one training: fixes which rows each update sees, and how new adapters begin. */
export const trainingSeed = ({ seed }: LoopConfig, iteration: number, name: AgentName): number =>
  derivedSeed(seed, 'finetune', iteration, name);

/** Updates the training of a set will make; 0 for one that is not trained on. */
export const plannedUpdates = (config: LoopConfig, set: SetRow): number =>
  set.skipped === null ? updatesOf(set.size - heldOut(set.size, config.validationRows), settingsOf(config, set)) : 0;

/** Agents whose training will hardly change them, for the moment before it starts. */
export const scarceUpdates = (config: LoopConfig, sets: readonly SetRow[]): { name: AgentName; updates: number }[] =>
  sets
    .map(set => ({ name: agentName(set.role, set.agent), updates: plannedUpdates(config, set), trained: set.skipped === null }))
    .filter(({ updates, trained }) => trained && updates < fewUpdates);

const weightsFiles = ['adapter_model.safetensors', 'model.safetensors'];

/** What is kept of a result counts without its probe and its metrics. */
const bytesOf = ({ files }: Tuned): number => weightsFiles.reduce((sum, name) => sum + (files[name]?.length ?? 0), 0);

const skipped = (iteration: number, agent: AgentName, reason: string | null, at: string): JobEnded => ({
  ...{ type: 'job-ended', iteration, agent, outcome: 'skipped', reason, job: null, model: null, losses: [], validation: [] },
  ...{ trainedTokens: 0, trainedParameters: 0, warnings: [], ms: 0, at },
});

/** What came is what is kept, whatever was asked for. */
const kindOf = ({ files }: Tuned, { method }: TrainSettings): KeptWeights['kind'] =>
  'adapter_model.safetensors' in files ? 'lora' : 'model.safetensors' in files ? 'full' : method;

interface Ordered {
  order: TuneOrder;
  /** Of its set, for the record. */
  rows: NonNullable<JobEnded['rows']>;
}

async function orderOf(context: Context, iteration: number, name: AgentName, header: SetRow): Promise<Ordered> {
  const { loop, config } = context.state.start!;
  const set = await context.ports.readSet(header.sha256);
  if (!set)
    throw new LoopHalted(iteration, 'finetune', `the training set of ${name} (${header.sha256.slice(0, 12)}…) is not there any more`);
  const { training, validation } = splitSet(set, config.validationRows);
  const failures = context.state.iterations[iteration]!.jobs.get(name)?.failures ?? 0;
  const order: TuneOrder = {
    key: orderKey(loop, iteration, name, failures),
    loop,
    iteration,
    agent: name,
    role: header.role,
    base: config.debate.base.id,
    from: config.startFrom === 'base' ? null : weightsOf(context.state, name, iteration - 1).model,
    training: chatJsonl(training),
    // Validation is never asked for without rows to validate on.
    validation: validation.length ? chatJsonl(validation) : null,
    datasetHash: header.sha256,
    settings: settingsOf(config, header),
    seed: trainingSeed(config, iteration, name),
  };
  const minus = header.role === 'critic' ? { minus: training.filter(({ kind }) => kind === 'corrected').length } : {};
  return { order, rows: { trained: training.length, heldOut: validation.length, ...minus } };
}

/** Trains one agent to its end and keeps the result. @returns what went wrong with the job, or null */
async function train(
  context: Context,
  { order, rows }: Ordered,
  onStep: (step: number, at: number) => void,
  signal: AbortSignal,
): Promise<string | null> {
  const { ports } = context;
  const { iteration, agent, loop } = order;
  let begun = ports.clock();
  let working = false;
  let recorded: Promise<void> = Promise.resolve();
  let status = 'ordered';
  let last = { step: 0, total: 0, loss: null as number | null, left: null as number | null };
  const on = (update: TuneUpdate): void => {
    if (update.type === 'created' && context.state.iterations[iteration]!.jobs.get(agent)?.job !== update.job) {
      recorded = context.record({ type: 'job-created', iteration, agent, job: update.job, at: ports.now() });
      recorded.catch(() => undefined); // awaited below; until then it is nobody's
    }
    if (update.type === 'status') status = update.status;
    if (update.type === 'step') {
      last = { step: update.step, total: update.total, loss: update.loss, left: update.left };
      onStep(update.step, update.at ?? ports.clock() / 1000);
    }
    if (!working && (update.type === 'step' || (update.type === 'status' && update.status === 'running'))) {
      working = true;
      begun = ports.clock();
    }
    ports.emit({ type: 'training', iteration, agent, status, ...last });
  };
  const ended = { type: 'job-ended', iteration, agent, rows } as const;
  let tuned: Tuned;
  try {
    tuned = await ports.finetune(order, on, signal);
  } catch (error) {
    await recorded;
    if (error instanceof LeftAsItWas) {
      await context.record(skipped(iteration, agent, error.message, ports.now()));
      return null;
    }
    if (!(error instanceof JobFailed)) throw error;
    const reason = error.message;
    const job = error.job ?? context.state.iterations[iteration]!.jobs.get(agent)?.job ?? null;
    const nothing = { model: null, losses: [], validation: [], trainedTokens: 0, trainedParameters: 0, warnings: [] };
    await context.record({ ...ended, ...nothing, job, outcome: 'failed', reason, ms: ports.clock() - begun, at: ports.now() });
    return reason;
  }
  await recorded;
  const ms = ports.clock() - begun;
  const adapter = adapterId(loop, iteration, agent);
  const sha256 = await ports.keepAdapter(adapter, tuned, { loop, iteration, agent, dataset: order.datasetHash });
  const kept: KeptWeights = { adapter, kind: kindOf(tuned, order.settings), bytes: bytesOf(tuned), sha256 };
  const { job, model, validation, trainedTokens, trainedParameters, warnings } = tuned;
  const losses = tuned.steps.map(({ loss }) => loss);
  await context.record({
    ...ended,
    ...(tuned.seededRows && { rows: { ...rows, seeded: true } }),
    ...{
      job,
      outcome: 'succeeded',
      reason: null,
      model,
      losses,
      validation,
      trainedTokens,
      trainedParameters,
      warnings,
      ms,
      at: ports.now(),
      kept,
    },
  });
  return null;
}

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
