// Which errors of an endpoint end a job, and which only end the attempt to watch it: the difference between "failed" and "try again later".
import { JobFailed } from './ports';

/** No answer, or not from a finetuning endpoint: nothing was said about the job. */
const aboutTheConnection = ['unreachable', 'not_the_dialect', 'damaged', 'aborted'];

/**
 * The error as the loop should see it: a JobFailed when the endpoint answered that the job has no result, else the error itself.
 * @param job as far as it is known
 */
export function asJobFailure(error: unknown, job: string | null): unknown {
  if (!(error instanceof Error) || !('code' in error) || !('status' in error)) return error;
  const { code, status, message } = error;
  // With an HTTP status it is a request that failed: refused, too many, too large. The job, if there is one, may well go on.
  if (typeof code !== 'string' || status !== null || aboutTheConnection.includes(code)) return error;
  // A record keeps one text: what happened, and what to do about it.
  const hint = 'hint' in error && typeof error.hint === 'string' ? error.hint : '';
  return new JobFailed(job, [message, hint].filter(Boolean).join(' '));
}
