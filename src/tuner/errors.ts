// What the endpoint refuses, as a closed list of codes (endpoint.md §2.4).
import type { ErrorBody } from '../finetune/wire';

const statusOf = {
  invalid_request: 400,
  unsupported_operation: 400,
  unsupported_hyperparameter: 400,
  invalid_state: 400,
  invalid_cursor: 400,
  invalid_token: 401,
  origin_not_allowed: 403,
  not_found: 404,
  model_not_served: 404,
  idempotency_key_reuse: 409,
  too_large: 413,
  unsupported_media_type: 415,
  host_not_allowed: 421,
  rate_limited: 429,
  queue_full: 429,
  internal: 500,
  upstream_failed: 502,
  closing: 503,
  storage_full: 507,
} as const;
export type ApiCode = keyof typeof statusOf;

const typeOf = (status: number): string =>
  status === 401
    ? 'authentication_error'
    : status === 403
      ? 'permission_error'
      : status === 429
        ? 'rate_limit_error'
        : status >= 500
          ? 'server_error'
          : 'invalid_request_error';

export class ApiError extends Error {
  override readonly name = 'ApiError';
  constructor(
    readonly code: ApiCode,
    message: string,
    /** The field at fault. */
    readonly param: string | null = null,
    /** Seconds. */
    readonly retryAfter: number | null = null,
  ) {
    super(message);
  }

  get status(): number {
    return statusOf[this.code];
  }

  response(): Response {
    const { status, code, message, param, retryAfter } = this;
    const body: ErrorBody = { error: { type: typeOf(status), message, param, code } };
    return Response.json(body, { status, headers: retryAfter === null ? {} : { 'retry-after': String(retryAfter) } });
  }
}

export const notFound = (what: string): ApiError => new ApiError('not_found', `No ${what} here.`);
