// /v1/models: what can be trained, and what came of it.
import type { Hono } from 'hono';
import type { DeletedObject } from '../finetune/wire';
import { ApiError, notFound } from './errors';
import type { Parts } from './parts';
import { sweepJob } from './restart';
import type { Disk } from './disk';

export function modelRoutes(app: Hono, { models, jobs, files }: Parts, disk: Disk): void {
  app.get('/v1/models', async c => c.json({ object: 'list', data: await models.objects() }));

  // Names of models may hold slashes: everything after the prefix is the name.
  app.get('/v1/models/:id{.+}', async c => {
    const model = (await models.objects()).find(({ id }) => id === c.req.param('id'));
    if (!model) throw notFound('such model');
    return c.json(model);
  });

  app.delete('/v1/models/:id{.+}', async c => {
    const id = c.req.param('id');
    const tuned = models.find(id);
    if (!tuned) {
      if (await models.base(id)) throw new ApiError('unsupported_operation', 'A base model belongs to the endpoint and stays.');
      throw notFound('such model');
    }
    const { job } = tuned;
    const user = jobs.active().find(({ spec }) => spec.from?.job === job.spec.id);
    if (user) throw new ApiError('invalid_state', `${user.spec.id} goes on from this model.`);
    if (!(await job.record({ type: 'model-deleted', step: tuned.checkpoint ? tuned.step : null })))
      throw new ApiError('invalid_state', 'The job of this checkpoint is not finished.');
    await sweepJob({ disk, files }, job);
    return c.json({ id, object: 'model', deleted: true } satisfies DeletedObject);
  });

  app.post('/v1/chat/completions', () => {
    throw new ApiError('model_not_served', 'Models are trained here, not served: load the result files instead.');
  });
}
