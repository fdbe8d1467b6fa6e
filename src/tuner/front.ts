// What every request passes on its way in and every answer on its way out, whatever answers it.
import { DiskError } from './disk';
import { ApiError } from './errors';
import { createGuard, type GuardOptions } from './guard';
import { letters, type Random } from './ids';

export interface FrontOptions extends GuardOptions {
  random: Random;
  log(line: string): void;
}

/** Told without a token: that it is there, and how it is spoken to. */
const openPaths = ['/healthz', '/openapi.json'];

export function asApiError(error: unknown, log: (line: string) => void): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof DiskError && error.code === 'full') return new ApiError('storage_full', 'The disk of this endpoint is full.');
  log(error instanceof Error ? (error.stack ?? error.message) : String(error));
  return new ApiError('internal', 'Something went wrong here that should not have.');
}

/** @param answer whatever it throws becomes an error of the wire */
export function createFront(options: FrontOptions, answer: (request: Request) => Promise<Response> | Response) {
  const { random, log } = options;
  const guard = createGuard(options);
  return async (request: Request): Promise<Response> => {
    let response: Response;
    try {
      response = guard.admit(request, openPaths.includes(new URL(request.url).pathname)) ?? (await answer(request));
    } catch (error) {
      response = asApiError(error, log).response();
    }
    const { headers } = response;
    for (const [name, value] of Object.entries(guard.cors(request))) headers.set(name, value);
    if (!headers.has('x-request-id')) headers.set('x-request-id', `req_${letters(random, 20)}`);
    headers.set('x-content-type-options', 'nosniff');
    if (!headers.has('cache-control')) headers.set('cache-control', 'no-store');
    return response;
  };
}
