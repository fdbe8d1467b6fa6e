// Who may ask at all: the first thing every request meets, before routes and bodies (endpoint.md §8).
import { ApiError } from './errors';

export interface GuardOptions {
  token: string;
  /** Exact values of `Host`; null = not behind a socket, where there is no such header. */
  hosts: readonly string[] | null;
  /** Other origins whose pages may ask; the own one may always. */
  origins: readonly string[];
  perSecond: number;
  clock(): number;
}

const exposed = 'x-request-id, retry-after, retry-after-ms, x-should-retry, etag, content-disposition';
const allowed = /^(?:authorization|content-type|idempotency-key|last-event-id|x-stainless-[a-z0-9-]{1,40})$/;

/** Takes as long for a wrong token as for the right one; its length is no secret. */
export function sameToken(given: string, token: string): boolean {
  let different = given.length ^ token.length;
  for (let at = 0; at < token.length; at++) different |= token.charCodeAt(at) ^ (given.charCodeAt(at) | 0);
  return different === 0;
}

/** At most `perSecond` requests in any second, all clients together. */
function bucket(perSecond: number, clock: () => number): () => boolean {
  let [left, at] = [perSecond, clock()];
  return () => {
    const now = clock();
    left = Math.min(perSecond, left + ((now - at) / 1000) * perSecond);
    at = now;
    if (left < 1) return false;
    left--;
    return true;
  };
}

export interface Guard {
  /** Headers that every answer to this request carries. */
  cors(request: Request): Record<string, string>;
  /** @returns the answer to a preflight; null = go on. @throws ApiError in the order 421, 403, 429, 401 */
  admit(request: Request, open: boolean): Response | null;
}

export function createGuard({ token, hosts, origins, perSecond, clock }: GuardOptions): Guard {
  const take = bucket(perSecond, clock);

  const knowsHost = (request: Request): boolean => hosts === null || hosts.includes(request.headers.get('host')?.toLowerCase() ?? '');

  function knowsOrigin(request: Request): boolean {
    const origin = request.headers.get('origin');
    if (origin === null) return true;
    if (origins.includes(origin)) return true;
    const host = request.headers.get('host')?.toLowerCase();
    return hosts !== null && knowsHost(request) && (origin === `http://${host}` || origin === `https://${host}`);
  }

  return {
    cors(request): Record<string, string> {
      const origin = request.headers.get('origin');
      if (origin === null || !knowsHost(request) || !knowsOrigin(request)) return { vary: 'Origin' };
      return { vary: 'Origin', 'access-control-allow-origin': origin, 'access-control-expose-headers': exposed };
    },
    admit(request, open) {
      if (!knowsHost(request)) throw new ApiError('host_not_allowed', 'This endpoint does not answer under that host name.');
      if (!knowsOrigin(request)) throw new ApiError('origin_not_allowed', 'Pages of that origin may not use this endpoint.');
      if (!take()) throw new ApiError('rate_limited', `More than ${perSecond} requests in a second.`, null, 1);
      if (request.method === 'OPTIONS') {
        const asked = (request.headers.get('access-control-request-headers') ?? '').split(',').map(name => name.trim().toLowerCase());
        return new Response(null, {
          status: 204,
          headers: {
            'access-control-allow-methods': 'GET, POST, DELETE',
            'access-control-allow-headers': asked.filter(name => allowed.test(name)).join(', '),
            'access-control-max-age': '600',
            // Chrome asks this before a public page may reach a private address.
            ...(request.headers.has('access-control-request-private-network') ? { 'access-control-allow-private-network': 'true' } : {}),
          },
        });
      }
      if (open) return null;
      const given = /^Bearer +(\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1];
      if (given === undefined || !sameToken(given, token))
        throw new ApiError('invalid_token', 'Send the token of this endpoint as "Authorization: Bearer …".');
      return null;
    },
  };
}

/** Names under which a server on this machine is reached. */
export const loopbackHosts = (port: number): string[] => ['localhost', '127.0.0.1', '[::1]'].map(name => `${name}:${port}`);
