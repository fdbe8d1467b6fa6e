// /v1/fine_tuning/jobs: order, watch, cancel.
import type { Hono } from 'hono';
import { readJsonBody } from './body';
import { ApiError, notFound } from './errors';
import { idempotencyOf, madeBefore, oneAtATime } from './idempotency';
import type { Job } from './job';
import { readOrder } from './order-job';
import { pageOf, readLimit } from './pages';
import type { Parts } from './parts';
import { eventStream } from './sse';
import { checkpointObject, eventObject, jobObject } from './views';

/** `metadata[k]=v` for every pair asked for; `metadata=null` for jobs without any. */
function metadataFilter(query: URLSearchParams): (job: Job) => boolean {
  const pairs = [...query].flatMap(([name, value]) => {
    const key = /^metadata\[(.{1,64})\]$/.exec(name)?.[1];
    return key === undefined ? [] : [[key, value] as const];
  });
  const none = query.get('metadata') === 'null';
  return ({ spec: { metadata } }) =>
    pairs.every(([key, value]) => Object.hasOwn(metadata, key) && metadata[key] === value) && (!none || !Object.keys(metadata).length);
}

export function jobRoutes(app: Hono, parts: Parts): void {
  const { jobs, queue, limits, clock, closing } = parts;
  const inTurn = oneAtATime();
  let streams = 0;
  const find = (id: string): Job => {
    const job = jobs.get(id);
    if (!job) throw notFound('such job');
    return job;
  };

  app.post('/v1/fine_tuning/jobs', async c => {
    const { value, bytes } = await readJsonBody(c.req.raw, limits.json);
    const idempotency = await idempotencyOf(c.req.raw, bytes);
    const job = await inTurn(async () => {
      const before = madeBefore(jobs.all(), ({ spec }) => spec, idempotency, clock() - limits.idempotency);
      if (before) return before;
      const order = await readOrder(value, idempotency, parts);
      if (jobs.active().length >= limits.queued) throw new ApiError('queue_full', `${limits.queued} jobs are waiting already.`, null, 30);
      const made = await jobs.create(order);
      queue.accept(made);
      return made;
    });
    return c.json(jobObject(job, clock()));
  });

  app.get('/v1/fine_tuning/jobs', c => {
    const query = new URL(c.req.url).searchParams;
    const found = jobs.all().filter(metadataFilter(query)).reverse();
    const limit = readLimit(c.req.query('limit'), 20, 100);
    return c.json(
      pageOf(
        found.map(job => jobObject(job, clock())),
        c.req.query('after'),
        limit,
      ),
    );
  });

  app.get('/v1/fine_tuning/jobs/:id', c => c.json(jobObject(find(c.req.param('id')), clock())));

  app.post('/v1/fine_tuning/jobs/:id/cancel', async c => {
    const job = find(c.req.param('id'));
    if (!(await queue.cancel(job)) && job.state.status !== 'cancelled')
      throw new ApiError('invalid_state', `The job has ${job.state.status === 'succeeded' ? 'succeeded' : 'failed'} already.`);
    return c.json(jobObject(job, clock()));
  });

  for (const verb of ['pause', 'resume'])
    app.post(`/v1/fine_tuning/jobs/:id/${verb}`, c => {
      find(c.req.param('id'));
      throw new ApiError('unsupported_operation', `Jobs cannot be ${verb}d here; a cancelled job can be ordered again.`);
    });

  app.get('/v1/fine_tuning/jobs/:id/events', async c => {
    const job = find(c.req.param('id'));
    if (c.req.header('accept')?.includes('text/event-stream')) {
      const last = c.req.header('last-event-id');
      if (last !== undefined && !/^\d{1,9}$/.test(last)) throw new ApiError('invalid_cursor', 'Last-Event-ID is a sequence number.');
      if (streams >= limits.streams) throw new ApiError('rate_limited', `${limits.streams} streams are open already.`, null, 5);
      streams++;
      const closed = () => void streams--;
      return eventStream(job, Number(last ?? 0), { ping: limits.ping, clock, signal: closing, closed });
    }
    const events = (await job.facts()).map(fact => eventObject(job.spec, fact)).reverse();
    return c.json(pageOf(events, c.req.query('after'), readLimit(c.req.query('limit'), 20, 1000)));
  });

  app.get('/v1/fine_tuning/jobs/:id/checkpoints', c => {
    const { spec, state } = find(c.req.param('id'));
    const checkpoints = state.checkpoints.map(checkpoint => checkpointObject(spec, checkpoint)).reverse();
    return c.json(pageOf(checkpoints, c.req.query('after'), readLimit(c.req.query('limit'), 10, 1000)));
  });
}
