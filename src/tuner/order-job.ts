// A request to create a job, read strictly and turned into what the job will do.
import * as v from 'valibot';
import { createJobSchema } from '../finetune/wire-order';
import type { BaseModel } from './engine';
import { ApiError } from './errors';
import type { Idempotency, JobSpec } from './facts';
import { firstIssue } from './issues';
import { askedHyperparameters, resolveHyperparameters } from './hyperparameters';
import { letters, newJobId } from './ids';
import type { Tuned } from './models';
import type { Parts } from './parts';
import { organisation } from './views';

type Order = Omit<JobSpec, 'schema' | 'number' | 'created'>;

function readBody(value: Record<string, unknown>) {
  const parsed = v.safeParse(createJobSchema, value, { abortEarly: true });
  if (!parsed.success) {
    const { param, message } = firstIssue(parsed.issues);
    throw new ApiError('invalid_request', message, param);
  }
  const body = parsed.output;
  if (body.integrations?.length) throw new ApiError('unsupported_operation', 'Integrations are not offered here.', 'integrations');
  return body;
}

async function findModel(name: string, { models }: Parts): Promise<{ base: BaseModel; tuned: Tuned | null }> {
  const tuned = models.find(name) ?? null;
  const base = await models.base(tuned ? tuned.job.spec.base : name);
  if (base) return { base, tuned };
  const known = (await models.bases()).map(({ id }) => id).join(', ');
  throw new ApiError('invalid_request', `There is no model ${JSON.stringify(name)} to train; there is ${known}.`, 'model');
}

/** @throws ApiError */
export async function readOrder(value: Record<string, unknown>, idempotency: Idempotency | null, parts: Parts): Promise<Order> {
  const body = readBody(value);
  const method = body.method?.type ?? 'supervised';
  if (!parts.models.methods.includes(method))
    throw new ApiError('unsupported_operation', `Training here is ${parts.models.methods.join(' or ')}, not ${method}.`, 'method.type');
  const { base, tuned } = await findModel(body.model, parts);
  const upload = (id: string, param: string) => {
    const file = parts.files.get(id);
    if (file?.purpose !== 'fine-tune') throw new ApiError('invalid_request', `There is no uploaded file ${id}.`, param);
    return file;
  };
  const training = upload(body.training_file, 'training_file');
  if (body.validation_file) upload(body.validation_file, 'validation_file');
  const inherited = tuned && parts.models.inherited(tuned);
  const asked = askedHyperparameters(value, method);
  const { hyperparameters, steps } = resolveHyperparameters(asked, base, inherited, training.lines, method);
  return {
    id: newJobId(parts.random),
    model: body.model,
    base: base.id,
    from: tuned && { job: tuned.job.spec.id, step: tuned.step },
    tuned: `ft:${base.id}:${organisation}:${body.suffix ?? ''}:${letters(parts.random, 8).toLowerCase()}`,
    training: training.id,
    validation: body.validation_file ?? null,
    seed: body.seed ?? [...parts.random(4)].reduce((sum, byte) => sum * 256 + byte, 0) % 2_147_483_648,
    metadata: { ...body.metadata },
    ...{ hyperparameters, steps, idempotency },
  };
}
