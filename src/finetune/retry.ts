// When a call is worth repeating, and how long to wait before it is.

export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

export interface RetryPolicy {
  /** Tries in all. */
  attempts: number;
  /** In [0, 1): spreads callers that failed together. */
  random: () => number;
  sleep: Sleep;
}

/** Longest wait an endpoint may ask of us, ms; beyond it our own pace holds. */
const longest = 60_000;

/** Resolves after `ms`. @throws `signal.reason` when aborted before */
export const sleep: Sleep = (ms, signal) =>
  new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });

/** Half a second, then doubled up to eight, of which the last half is drawn. @param attempt 0 after the first failure */
export const backOff = (attempt: number, random: () => number): number => Math.min(500 * 2 ** attempt, 8000) * (0.5 + random() / 2);

/** `retry-after-ms`, or `retry-after` in seconds or as a date; null = not said, or longer than we wait. */
export function askedWait(headers: Headers, now: number): number | null {
  const ms = Number(headers.get('retry-after-ms') ?? NaN);
  const after = headers.get('retry-after');
  const wait = Number.isFinite(ms)
    ? ms
    : after === null
      ? NaN
      : /^\s*[\d.]+\s*$/.test(after)
        ? Number(after) * 1000
        : Date.parse(after) - now;
  return wait >= 0 && wait <= longest ? wait : null;
}

/** Whether the same call may succeed later. `code` is the endpoint's own. */
export function worthRetrying(status: number, code: string | null, headers: Headers): boolean {
  const said = headers.get('x-should-retry');
  if (said === 'true') return true;
  if (said === 'false' || code === 'idempotency_key_reuse' || code === 'storage_full') return false;
  return status === 408 || status === 409 || status === 429 || status >= 500;
}
