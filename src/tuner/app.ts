// The finetuning endpoint (OpenAI-FT/1) as one function from Request to Response: behind a socket in Node, behind a port in the page.
import { Hono } from 'hono';
import type { Disk } from './disk';
import type { TrainEngine } from './engine';
import { ApiError, notFound } from './errors';
import { Files } from './files';
import { asApiError, createFront } from './front';
import { systemRandom, type Random } from './ids';
import { Jobs } from './jobs';
import { defaultLimits, type Limits } from './limits';
import { Models } from './models';
import { openApi } from './openapi';
import type { Parts } from './parts';
import { Queue } from './queue';
import { forget } from './retention';
import { fileRoutes } from './routes-files';
import { jobRoutes } from './routes-jobs';
import { modelRoutes } from './routes-models';
import type { Workshop } from './workshop';

export interface TunerOptions {
  engine: TrainEngine;
  disk: Disk;
  token: string;
  /** Exact values of the `Host` header that are answered; null = not behind a socket. */
  hosts: readonly string[] | null;
  /** Origins of other sites' pages that may ask. The endpoint's own may always. */
  origins?: readonly string[];
  limits?: Partial<Limits>;
  /** Milliseconds since 1970. */
  clock?: () => number;
  random?: Random;
  /** What an operator should know: failures that are not a client's. */
  log?: (line: string) => void;
}

export interface Tuner {
  fetch(request: Request): Promise<Response>;
  /** Stops training between two steps and gives the disk back; jobs go on at the next start. */
  close(): Promise<void>;
}

/** All routes, as `openapi.ts` describes them. */
export function routed(parts: Parts, disk: Disk, log: (line: string) => void): Hono {
  const app = new Hono();
  app.onError(error => asApiError(error, log).response());
  app.notFound(() => notFound('such route').response());
  app.get('/healthz', c => c.json({ ok: true }));
  app.get('/openapi.json', c => c.json(openApi));
  fileRoutes(app, parts);
  jobRoutes(app, parts);
  modelRoutes(app, parts, disk);
  return app;
}

/** Folds the state on the disk and takes up the jobs that are not finished. */
export async function createTuner(options: TunerOptions): Promise<Tuner> {
  const { engine, disk, token, hosts, origins = [], clock = Date.now, random = systemRandom, log = console.error } = options;
  const limits: Limits = { ...defaultLimits, ...options.limits };
  const [files, jobs] = [await Files.open(disk, limits, clock, random), await Jobs.open(disk, clock)];
  const models = new Models(engine, jobs, files, clock());
  const shop: Workshop = { engine, disk, jobs, files, models, limits, log };
  const queue = new Queue(shop);
  await queue.open();
  const forgetOld = () => forget(shop, clock() - limits.keep);
  await forgetOld();
  const daily = setInterval(() => forgetOld().catch((error: unknown) => log(String(error))), 24 * 3_600_000);
  // Nobody's process stays alive for this alone; a page's timers are numbers and keep nothing alive.
  if (typeof daily === 'object') daily.unref();

  const closing = new AbortController();
  const parts: Parts = { files, jobs, models, queue, limits, clock, random, closing: closing.signal };
  const app = routed(parts, disk, log);

  // What comes once the disk is given back must not be written to it.
  const answer = (request: Request): Promise<Response> | Response => {
    if (closing.signal.aborted) throw new ApiError('closing', 'This endpoint is stopping.', null, 5);
    return app.fetch(request);
  };
  return {
    fetch: createFront({ token, hosts, origins, perSecond: limits.perSecond, clock, random, log }, answer),
    async close() {
      closing.abort();
      clearInterval(daily);
      await queue.close();
      await disk.close();
    },
  };
}
