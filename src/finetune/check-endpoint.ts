// The doctor: asks an endpoint a few harmless questions and says which of the many reasons for "failed to fetch" it is.
import * as v from 'valibot';
import { apiRoot } from './calls';
import { ask, mayReachLocal, whyNoAnswer, type Answer, type Caller } from './check-call';
import { Failed, reportOf, type CheckReport, type CheckStep } from './check-report';
import { refusalOf } from './check-status';
import { addressProblem, isLocal, isLoopback } from './endpoint-address';
import { jobSchema, listOf, modelListSchema, type ModelObject } from './wire';

export interface CheckOptions extends Caller {
  baseUrl: string;
  /** The base a loop would train; null = any. */
  base: string | null;
}

/**
 * @param signal stops asking; its reason is thrown
 * @returns a report in any case: what the endpoint does wrong is a finding, not an error
 */
export async function checkEndpoint(options: CheckOptions, signal: AbortSignal): Promise<CheckReport> {
  const found: Partial<Record<CheckStep['id'], string>> = {};
  let models: ModelObject[] = [];
  let failed: Failed | null = null;
  try {
    models = await examine(options, (id, words) => void (found[id] = words), signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof Failed)) throw error;
    failed = error;
  }
  return reportOf(found, failed, models);
}

async function examine(
  options: CheckOptions,
  pass: (id: CheckStep['id'], found: string) => void,
  signal: AbortSignal,
): Promise<ModelObject[]> {
  const { baseUrl, page, base } = options;
  const problem = addressProblem(baseUrl, page);
  if (problem) throw new Failed('address', problem.code, problem.found, problem.next);
  const root = apiRoot(baseUrl);
  const { hostname, host, origin } = new URL(root);
  const allow = (given: Answer): void => {
    const refusal = refusalOf(given, root, page);
    if (refusal) throw refusal;
  };
  const local = isLocal(hostname) && !isLocal(page.hostname);
  if (local) await mayReachLocal(options, isLoopback(hostname));
  pass('address', origin);

  let answer: Answer;
  try {
    answer = await ask(options, `${root}/models`, signal);
  } catch {
    signal.throwIfAborted();
    throw await whyNoAnswer(options, root, local, signal);
  }
  pass('reach', `${host} answered ${answer.status}.`);
  pass('read', page.origin === origin ? 'It is the same origin as this page.' : `It lets ${page.origin} read.`);
  allow(answer);
  pass('key', options.token === '' ? 'No key was asked for.' : '');

  const models = v.safeParse(modelListSchema, answer.body);
  if (!models.success || answer.html) {
    throw new Failed(
      'dialect',
      'wrong_dialect',
      answer.html ? `${root}/models is a web page, not an API.` : `${root}/models is not a list of models.`,
      'Check the base URL: for a tuner it is what it prints when it starts; for others it usually ends before /v1.',
    );
  }
  const jobs = await ask(options, `${root}/fine_tuning/jobs?limit=1`, signal).catch(() => {
    signal.throwIfAborted();
    throw new Failed('reach', 'unreachable', `${host} stopped answering.`, 'Try again.');
  });
  if (jobs.status === 404 || jobs.status === 405 || (jobs.status < 300 && !v.is(listOf(jobSchema), jobs.body))) {
    throw new Failed(
      'dialect',
      'wrong_dialect',
      'It serves models but has no finetuning jobs.',
      'This is a server for chat. Training needs a Polylogue tuner (npm run tuner) or another endpoint with /v1/fine_tuning/jobs.',
    );
  }
  allow(jobs);
  const { data, proxy } = models.output;
  pass('dialect', `${data.length} models, finetuning jobs.${proxy ? ` It passes everything on to ${proxy.upstream}.` : ''}`);

  const trainable = data.filter(({ tuner }) => tuner?.trainable);
  // Only ours says what it can train; of others the first order will tell.
  if (base !== null && trainable.length > 0 && !trainable.some(({ id }) => id === base)) {
    throw new Failed(
      'base',
      'no_base',
      `It trains ${trainable.map(({ id }) => id).join(', ')}, not ${base}.`,
      `Start the tuner with ${base} among its models, or let the society speak with one it has.`,
    );
  }
  pass(
    'base',
    trainable.length > 0 ? trainable.map(({ id }) => id).join(', ') : 'It does not say which bases it trains; the first job will.',
  );
  return data;
}
