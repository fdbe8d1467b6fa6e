// The training of one agent: what is ordered, what is recorded of it while it goes on, and what is kept.
import { chatJsonl } from '../datasets/formats/chat';
import type { AgentName, SetRow } from '../datasets/records';
import { LoopHalted, type Context } from './context';
import type { JobEnded } from './fold';
import type { TrainSettings, TuneOrder, TuneUpdate, Tuned } from '../datasets/order';
import { JobFailed, LeftAsItWas, orderKey } from './ports';
import type { KeptWeights } from './records';
import { adapterId, weightsOf } from './society';
import { splitSet } from './split';
import { settingsOf, trainingSeed } from './training-plan';

const weightsFiles = ['adapter_model.safetensors', 'model.safetensors'];

/** What is kept of a result counts without its probe and its metrics. */
const bytesOf = ({ files }: Tuned): number => weightsFiles.reduce((sum, name) => sum + (files[name]?.length ?? 0), 0);

/** Of a training that gave no weights. */
const nothing = { model: null, losses: [], validation: [], trainedTokens: 0, trainedParameters: 0, warnings: [] };

/** The record of an agent that is not trained. */
export const skipped = (iteration: number, agent: AgentName, reason: string | null, at: string): JobEnded => ({
  type: 'job-ended',
  iteration,
  agent,
  outcome: 'skipped',
  reason,
  job: null,
  ...nothing,
  ms: 0,
  at,
});

/** What came is what is kept, whatever was asked for. */
const kindOf = ({ files }: Tuned, { method }: TrainSettings): KeptWeights['kind'] =>
  'adapter_model.safetensors' in files ? 'lora' : 'model.safetensors' in files ? 'full' : method;

export interface Ordered {
  order: TuneOrder;
  /** Of its set, for the record. */
  rows: NonNullable<JobEnded['rows']>;
}

/** @throws LoopHalted when its set is not there any more */
export async function orderOf(context: Context, iteration: number, name: AgentName, header: SetRow): Promise<Ordered> {
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
export async function train(
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
    ...{ job, outcome: 'succeeded', reason: null, model, losses, validation, trainedTokens, trainedParameters, warnings },
    ...{ ms, at: ports.now(), kept },
  });
  return null;
}
