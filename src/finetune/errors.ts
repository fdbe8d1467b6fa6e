// The one error of an endpoint: what happened, in words a person can act on.

export interface EndpointFault {
  /** HTTP status; null when there was no answer. */
  status: number | null;
  /**
   * The endpoint's own code (endpoint.md §2.4), a job's (`oom`, `worker_lost` …), or one of ours: `unreachable`, `not_the_dialect`,
   * `too_large`, `damaged`, `no_result`, `cancelled`.
   */
  code: string;
  /** To quote to whoever runs the endpoint. */
  requestId: string | null;
  /** What to do next, and the request's id where there is one; empty when the message says it all. */
  hint: string;
}

export class EndpointError extends Error implements EndpointFault {
  override readonly name = 'EndpointError';
  readonly status: number | null;
  readonly code: string;
  readonly requestId: string | null;
  readonly hint: string;

  constructor(
    message: string,
    { status = null, code, requestId = null, hint = '' }: Partial<EndpointFault> & { code: string },
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.status = status;
    this.code = code;
    this.requestId = requestId;
    this.hint = [hint, requestId === null ? '' : `The endpoint knows the request as ${requestId}.`].filter(Boolean).join(' ');
  }
}

const hints: Record<string, string> = {
  invalid_token: 'Check the key: a tuner prints its token when it starts.',
  origin_not_allowed: 'Start the tuner with --allow-origin and the address of this page.',
  host_not_allowed: 'Call the tuner by the name it was started with, or start it with --allow-host.',
  queue_full: 'Wait until a job is done, or cancel one.',
  storage_full: 'Delete files of old jobs at the endpoint.',
  unsupported_hyperparameter: 'Change the setting that is named; the endpoint cannot honour it.',
  oom: 'Use shorter rows, a smaller batch or a smaller rank, or train elsewhere.',
  worker_lost: 'The trainer ended by itself. Order the job again; if it ends again, use a smaller batch.',
  timeout: 'The trainer was silent for too long. Order the job again, or train elsewhere.',
  unreachable: 'Check the address and that the endpoint is running, then run the endpoint check.',
};

const byStatus: Record<number, string> = {
  401: hints.invalid_token!,
  403: hints.origin_not_allowed!,
  404: 'The address answers but knows no such route: check the base URL; it ends before /v1.',
  413: 'Train on fewer or shorter rows, or raise the limit of the endpoint.',
  421: hints.host_not_allowed!,
  429: 'The endpoint is busy; try again in a minute.',
  507: hints.storage_full!,
};

export const hintFor = (code: string | null, status: number | null): string =>
  (code === null ? undefined : hints[code]) ?? (status === null ? undefined : byStatus[status]) ?? '';
