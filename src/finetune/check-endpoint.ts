// The doctor: asks an endpoint a few harmless questions and says which of the many reasons for "failed to fetch" it is.
import * as v from 'valibot';
import { apiRoot, type Fetch } from './calls';
import { addressProblem, isLocal, isLoopback, type PagePlace } from './endpoint-address';
import { withoutKey } from './redact';
import { jobSchema, listOf, modelListSchema, readErrorBody, type ModelObject } from './wire';

export type CheckCode =
  | 'bad_address'
  | 'mixed_content'
  | 'blocked_by_page'
  | 'local_network'
  | 'unreachable'
  | 'cors'
  | 'redirect'
  | 'host'
  | 'origin'
  | 'auth'
  | 'not_found'
  | 'wrong_dialect'
  | 'busy'
  | 'server_error'
  | 'no_base';

export interface CheckStep {
  id: 'address' | 'reach' | 'read' | 'key' | 'dialect' | 'base';
  state: 'passed' | 'failed' | 'not-asked';
  /** What was found; a sentence. */
  found: string;
  /** Of a failed step. */
  code: CheckCode | null;
  /** What to do next; empty unless it failed. */
  next: string;
}

export interface CheckReport {
  ok: boolean;
  steps: CheckStep[];
  /** Models of the endpoint; those with `tuner` can be trained. */
  models: ModelObject[];
}

export interface CheckOptions {
  baseUrl: string;
  token: string;
  fetch: Fetch;
  page: PagePlace;
  /** State of a browser permission; null where the browser does not know its name. */
  permission(name: string): Promise<PermissionState | null>;
  /** The base a loop would train; null = any. */
  base: string | null;
}

/** Chrome's names for it, oldest last: 142 knew one permission for everything local, later ones tell this computer from the network. */
const permissions = { loopback: ['loopback-network', 'local-network-access'], local: ['local-network', 'local-network-access'] };
/** Seconds after which a host that does not answer is unreachable; the browser itself waits for minutes. */
const patience = 15_000;

const titles: Record<CheckStep['id'], string> = {
  address: 'The address can be called from this page',
  reach: 'Something answers there',
  read: 'This page may read the answer',
  key: 'The key is accepted',
  dialect: 'It speaks the finetuning dialect',
  base: 'It can train this base',
};
export const stepTitle = (id: CheckStep['id']): string => titles[id];
const order = Object.keys(titles) as CheckStep['id'][];

class Failed {
  constructor(
    readonly step: CheckStep['id'],
    readonly code: CheckCode,
    readonly found: string,
    readonly next: string,
  ) {}
}

type Answer = { status: number; statusText: string; body: unknown; html: boolean };

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
  const last = failed ? order.indexOf(failed.step) : order.length;
  const steps = order.map((id, i): CheckStep => {
    if (failed && id === failed.step) return { id, state: 'failed', found: failed.found, code: failed.code, next: failed.next };
    const passed = i < last;
    return { id, state: passed ? 'passed' : 'not-asked', found: passed ? (found[id] ?? '') : '', code: null, next: '' };
  });
  return { ok: failed === null, steps, models };
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
  const local = isLocal(hostname) && !isLocal(page.hostname);
  if (local) await mayReachLocal(options, isLoopback(hostname));
  pass('address', origin);

  let answer: Answer;
  try {
    answer = await ask(options, `${root}/models`, true, signal);
  } catch {
    signal.throwIfAborted();
    throw await whyNoAnswer(options, root, local, signal);
  }
  pass('reach', `${host} answered ${answer.status}.`);
  pass('read', page.origin === origin ? 'It is the same origin as this page.' : `It lets ${page.origin} read.`);
  judgeStatus(answer, root, page);
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
  const jobs = await ask(options, `${root}/fine_tuning/jobs?limit=1`, true, signal).catch((error: unknown) => {
    signal.throwIfAborted();
    throw error instanceof Failed ? error : new Failed('reach', 'unreachable', `${host} stopped answering.`, 'Try again.');
  });
  if (jobs.status === 404 || jobs.status === 405 || (jobs.status < 300 && !v.is(listOf(jobSchema), jobs.body))) {
    throw new Failed(
      'dialect',
      'wrong_dialect',
      'It serves models but has no finetuning jobs.',
      'This is a server for chat. Training needs a Polylogue tuner (npm run tuner) or another endpoint with /v1/fine_tuning/jobs.',
    );
  }
  judgeStatus(jobs, root, page);
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

/** Chrome asks the reader before a public page reaches this computer or its network; a denial makes every call fail without a word. */
async function mayReachLocal({ permission, page }: CheckOptions, loopback: boolean): Promise<void> {
  if (!page.secure) {
    throw new Failed(
      'address',
      'local_network',
      'A page that came over plain http from another host may not reach this computer.',
      'Open the page over https, or from the tuner itself: npm start.',
    );
  }
  for (const name of permissions[loopback ? 'loopback' : 'local']) {
    const state = await permission(name);
    if (state === null) continue;
    if (state === 'denied') throw deniedLocal();
    return;
  }
}

const deniedLocal = (): Failed =>
  new Failed(
    'address',
    'local_network',
    'This browser was told not to let the page reach devices on the local network.',
    'Allow “Local network access” for this page in the site settings (the icon left of the address), then check again.',
  );

/** One question. @throws when no answer came, or none that the page may read */
async function ask({ fetch, token }: CheckOptions, url: string, authorised: boolean, signal: AbortSignal): Promise<Answer> {
  const response = await fetch(url, {
    ...plain(signal),
    redirect: 'error',
    headers: { accept: 'application/json', ...(authorised && token !== '' ? { authorization: `Bearer ${token}` } : {}) },
  });
  const text = withoutKey(await response.text(), token);
  let body: unknown = null;
  try {
    body = JSON.parse(text);
  } catch {
    // Not JSON: told by `html`, or by failing the schema.
  }
  return { status: response.status, statusText: withoutKey(response.statusText, token), body, html: /^\s*<(?:!doctype|html)/i.test(text) };
}

const plain = (signal: AbortSignal): RequestInit => ({
  credentials: 'omit',
  referrerPolicy: 'no-referrer',
  cache: 'no-store',
  signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]),
});

/** The browser gives one error for everything; these probes tell it apart. */
async function whyNoAnswer(options: CheckOptions, root: string, local: boolean, signal: AbortSignal): Promise<Failed> {
  const { fetch, page, permission } = options;
  const { host, protocol, hostname } = new URL(root);
  const probe = async (init: RequestInit): Promise<Response | null> => {
    try {
      return await fetch(`${root}/models`, { ...plain(signal), ...init });
    } catch {
      signal.throwIfAborted();
      return null;
    }
  };
  // A plain request needs no preflight, so it gets an answer where only the preflight is refused.
  const simple = await probe({ redirect: 'manual' });
  if (simple?.type === 'opaqueredirect' || (simple && simple.status >= 300 && simple.status < 400)) {
    return new Failed(
      'reach',
      'redirect',
      `${host} sends the call on to another address, which the key would follow.`,
      'Use the address it redirects to as the base URL; often it is the one with https.',
    );
  }
  if (simple) {
    return new Failed(
      'read',
      'cors',
      `${host} answers, but its preflight does not allow the Authorization header from ${page.origin}.`,
      corsAdvice(page.origin),
    );
  }
  if (await probe({ mode: 'no-cors', redirect: 'follow' })) {
    return new Failed('read', 'cors', `${host} answers, but does not let ${page.origin} read what it says.`, corsAdvice(page.origin));
  }
  if (local) {
    for (const name of permissions[isLoopback(hostname) ? 'loopback' : 'local'])
      if ((await permission(name)) === 'denied') return deniedLocal();
  }
  if (page.protocol === 'https:' && protocol === 'http:') {
    return new Failed(
      'address',
      'mixed_content',
      'No answer. Some browsers, Safari among them, let no https page call http, not even on this computer.',
      'If the tuner is running, open the page from it instead (npm start prints the address), or use Chrome or Firefox.',
    );
  }
  return new Failed(
    'reach',
    'unreachable',
    `Nothing answers at ${host}.`,
    isLoopback(hostname)
      ? 'Start the tuner (npm run tuner) and compare the port it prints.'
      : 'Check the name and the port, and that this computer is online.',
  );
}

const corsAdvice = (origin: string): string =>
  `A Polylogue tuner is started with --allow-origin ${origin}. Another server has to send Access-Control-Allow-Origin, or a tuner is put in front of it (its proxy engine).`;

function judgeStatus({ status, statusText, body }: Answer, root: string, page: PagePlace): void {
  if (status >= 200 && status < 300) return;
  const said = readErrorBody(body);
  const words = said?.message ?? `It answered ${status} ${statusText}`.trim();
  const fail = (step: CheckStep['id'], code: CheckCode, next: string): never => {
    throw new Failed(step, code, words, next);
  };
  if (status === 421 || said?.code === 'host_not_allowed') {
    fail('read', 'host', `The tuner does not answer to the name ${new URL(root).host}. Call it as it was started, or add --allow-host.`);
  }
  if (said?.code === 'origin_not_allowed') fail('read', 'origin', `Start the tuner with --allow-origin ${page.origin}.`);
  if (status === 401)
    fail('key', 'auth', 'Check the key: a tuner prints its token when it starts; other services show it once, when it is made.');
  if (status === 403) fail('key', 'auth', 'The key is known but may not do this. Give it the right to finetune, or use another one.');
  if (status === 404) fail('dialect', 'not_found', `There is no ${root}/models. Check the base URL; it ends before /v1.`);
  if (status === 429 || status === 503) fail('reach', 'busy', 'The endpoint has too much to do. Try again in a minute.');
  if (status >= 500) fail('reach', 'server_error', 'The fault is at the endpoint; its log says more.');
  fail('dialect', 'wrong_dialect', 'Check the base URL; a finetuning endpoint answers a list of models there.');
}
