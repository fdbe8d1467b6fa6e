// The finetuning endpoint (OpenAI-FT/1) as one function from Request to Response: behind a socket in Node, behind a port in the page.
import { Hono } from 'hono';
import type { Disk } from './disk';
import { DiskError } from './disk';
import type { TrainEngine } from './engine';
import { ApiError, notFound } from './errors';
import { Files } from './files';
import { createGuard } from './guard';
import { letters, systemRandom, type Random } from './ids';
import { Jobs } from './jobs';
import { defaultLimits, type Limits } from './limits';
import { Models } from './models';
import { openApi } from './openapi';
import type { Parts } from './parts';
import { Queue } from './queue';
import { fileRoutes } from './routes-files';
import { jobRoutes } from './routes-jobs';
import { modelRoutes } from './routes-models';

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

/** Told without a token: that it is there, and how it is spoken to. */
const openPaths = ['/healthz', '/openapi.json'];

export function asApiError(error: unknown, log: (line: string) => void): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof DiskError && error.code === 'full') return new ApiError('storage_full', 'The disk of this endpoint is full.');
  log(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return new ApiError('internal', 'Something went wrong here that should not have.');
}

/** Folds the state on the disk and takes up the jobs that are not finished. */
export async function createTuner(options: TunerOptions): Promise<Tuner> {
  const { engine, disk, token, hosts, origins = [], clock = Date.now, random = systemRandom, log = console.error } = options;
  const limits: Limits = { ...defaultLimits, ...options.limits };
  const [files, jobs] = [await Files.open(disk, limits, clock, random), await Jobs.open(disk, clock)];
  const models = new Models(engine, jobs, files, clock());
  const queue = new Queue({ engine, disk, jobs, files, models, limits, log });
  await queue.open();

  const closing = new AbortController();
  const parts: Parts = { files, jobs, models, queue, limits, clock, random, closing: closing.signal };
  const app = new Hono();
  app.onError(error => asApiError(error, log).response());
  app.notFound(() => notFound('such route').response());
  app.get('/healthz', c => c.json({ ok: true }));
  app.get('/openapi.json', c => c.json(openApi));
  fileRoutes(app, parts);
  jobRoutes(app, parts);
  modelRoutes(app, parts, disk);

  const guard = createGuard({ token, hosts, origins, perSecond: limits.perSecond, clock });
  return {
    async fetch(request) {
      let response: Response;
      try {
        response = guard.admit(request, openPaths.includes(new URL(request.url).pathname)) ?? (await app.fetch(request));
      } catch (error) {
        response = asApiError(error, log).response();
      }
      for (const [name, value] of Object.entries(guard.cors(request))) response.headers.set(name, value);
      response.headers.set('x-request-id', `req_${letters(random, 20)}`);
      response.headers.set('x-content-type-options', 'nosniff');
      if (!response.headers.has('cache-control')) response.headers.set('cache-control', 'no-store');
      return response;
    },
    async close() {
      closing.abort();
      await queue.close();
      await disk.close();
    },
  };
}
