// The calls of the check, and what a browser does with them: it asks the reader first, or fails without a word of the reason.
import type { Fetch } from './calls';
import { Failed } from './check-report';
import { isLoopback, type PagePlace } from './endpoint-address';
import { withoutKey } from './redact';

export interface Caller {
  token: string;
  fetch: Fetch;
  page: PagePlace;
  /** State of a browser permission; null where the browser does not know its name. */
  permission(name: string): Promise<PermissionState | null>;
}

export interface Answer {
  status: number;
  statusText: string;
  /** Parsed; null where it is no JSON. */
  body: unknown;
  html: boolean;
}

/** Chrome's names for it, oldest last: 142 knew one permission for everything local, later ones tell this computer from the network. */
const permissions = { loopback: ['loopback-network', 'local-network-access'], local: ['local-network', 'local-network-access'] };
/** Milliseconds after which a host that does not answer is unreachable; the browser itself waits for minutes. */
const patience = 15_000;

/** Chrome asks the reader before a public page reaches this computer or its network; a denial makes every call fail without a word. */
export async function mayReachLocal({ permission, page }: Caller, loopback: boolean): Promise<void> {
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
export async function ask({ fetch, token }: Caller, url: string, signal: AbortSignal): Promise<Answer> {
  const response = await fetch(url, {
    ...plain(signal),
    redirect: 'error',
    headers: { accept: 'application/json', ...(token !== '' ? { authorization: `Bearer ${token}` } : {}) },
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
export async function whyNoAnswer(caller: Caller, root: string, local: boolean, signal: AbortSignal): Promise<Failed> {
  const { fetch, page, permission } = caller;
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
