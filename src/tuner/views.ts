// Jobs, events and checkpoints as the wire shows them.
import type { CheckpointObject, EventObject, JobObject } from '../finetune/wire';
import type { CheckpointState, Fact, JobSpec } from './facts';
import { methodOf, type PreferenceMetrics } from './engine';
import { checkpointId, eventId } from './ids';
import type { Job } from './job';

const seconds = (ms: number): number => Math.floor(ms / 1000);
const secondsOrNull = (ms: number | null): number | null => (ms === null ? null : seconds(ms));

export const organisation = 'polylogue';

export function jobObject({ spec, state }: Job, now: number): JobObject {
  const left = state.pace !== null && state.total !== null ? (state.total - state.step) * state.pace : null;
  const method = methodOf(spec.hyperparameters);
  return {
    id: spec.id,
    object: 'fine_tuning.job',
    created_at: seconds(spec.created),
    finished_at: secondsOrNull(state.finished),
    model: spec.model,
    fine_tuned_model: state.status === 'succeeded' && !state.modelDeleted ? spec.tuned : null,
    organization_id: organisation,
    status: state.status,
    training_file: spec.training,
    validation_file: spec.validation,
    hyperparameters: { ...spec.hyperparameters },
    method: { type: method, [method]: { hyperparameters: { ...spec.hyperparameters } } },
    metadata: spec.metadata,
    seed: spec.seed,
    trained_tokens: state.status === 'succeeded' ? state.tokens : null,
    result_files: Object.values(state.files),
    estimated_finish: left === null ? null : seconds(now + left),
    error: state.error,
  };
}

const loss = (value: number | null): string => value?.toFixed(4) ?? 'not a number';
const preferred = ({ preference_accuracy: share }: { [K in keyof PreferenceMetrics]?: number | null }): string =>
  share === undefined ? '' : `, chosen ahead in ${share === null ? 'no number' : Math.round(100 * share)} % of pairs`;

/** Words for a fact; `status` where the job's status is another after it. */
function wordsOf(fact: Fact, spec: JobSpec): { message: string; level?: EventObject['level']; status?: string; data?: object } {
  switch (fact.type) {
    case 'validated': {
      const held = fact.validationRows === null ? '' : ` and ${fact.validationRows} held-out ones`;
      return { message: `The files are valid: ${fact.rows} rows${held}`, status: 'queued' };
    }
    case 'started':
      return {
        message: fact.resumed === null ? 'Training started' : `Training goes on from the checkpoint of step ${fact.resumed}`,
        status: 'running',
      };
    case 'plan': {
      const { type: _, seq: __, at: ___, ...data } = fact;
      return { message: `${fact.steps} steps over ${fact.rows} rows, ${fact.trained_parameters} trained numbers`, data };
    }
    case 'step':
      return { message: `Step ${fact.step}/${fact.total}: training loss=${loss(fact.train_loss)}${preferred(fact)}` };
    case 'eval':
      return { message: `Step ${fact.step}: validation loss=${loss(fact.valid_loss)}${preferred(fact)}` };
    case 'checkpoint':
      return { message: `Checkpoint at step ${fact.step}`, data: { step: fact.step, checkpoint: checkpointId(spec.id, fact.step) } };
    case 'note':
      return { message: fact.message, level: fact.level };
    case 'requeued':
      return { message: fact.message, level: fact.lost ? 'warn' : 'info', status: 'queued' };
    case 'succeeded':
      return { message: `The job has been completed: ${spec.tuned}`, status: 'succeeded' };
    case 'failed':
      return { message: fact.message, level: 'error', status: 'failed', data: { code: fact.code, param: fact.param } };
    case 'cancelled':
      return { message: 'The job was cancelled', status: 'cancelled' };
    case 'model-deleted':
      return { message: fact.step === null ? 'The tuned model was deleted' : `The checkpoint of step ${fact.step} was deleted` };
  }
}

function metricsOf(fact: Fact): Record<string, unknown> | null {
  if (fact.type !== 'eval' && fact.type !== 'step') return null;
  const { type: _, seq: __, at: ___, ...metrics } = fact;
  if (!('total' in metrics)) return metrics;
  const { step, total, ...rest } = metrics;
  return { step, total_steps: total, ...rest };
}

export function eventObject(spec: JobSpec, fact: Fact): EventObject {
  const { message, level = 'info', status, data } = wordsOf(fact, spec);
  const metrics = metricsOf(fact);
  return {
    id: eventId(spec.id, fact.seq),
    object: 'fine_tuning.job.event',
    created_at: seconds(fact.at),
    level,
    message,
    type: metrics ? 'metrics' : 'message',
    data: metrics ?? (status || data ? { ...(status ? { status } : {}), ...data } : null),
  };
}

export const checkpointModel = (spec: JobSpec, step: number): string => `${spec.tuned}:ckpt-step-${step}`;

export const checkpointObject = (spec: JobSpec, { step, at, files, metrics }: CheckpointState): CheckpointObject => ({
  id: checkpointId(spec.id, step),
  object: 'fine_tuning.job.checkpoint',
  created_at: seconds(at),
  fine_tuned_model_checkpoint: checkpointModel(spec, step),
  fine_tuning_job_id: spec.id,
  step_number: step,
  metrics,
  result_files: Object.values(files),
});
