// How the page that this server serves learns of the endpoint beside it: one small file with the token, for that page on this machine alone.
import { isLoopbackAddress } from './own-tuner';

const headers = {
  ...{ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'cross-origin-resource-policy': 'same-origin' },
  'referrer-policy': 'no-referrer',
};
const refuse = (status: number, message: string, more: Record<string, string> = {}): Response =>
  new Response(`${message}\n`, { status, headers: { ...headers, ...more } });

/** As the file of this name says that ships with the page: none that the page is told of. */
export const noEndpoint = (): Response => Response.json({ kind: 'none' }, { headers });

/** A proxy on this machine speaks for others; the usual ones say so. */
const forwarded = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'via'];

/**
 * A `Host` header is only what the asker says: who asks is told by the socket. Another site's page cannot read it either: it is told so
 * by the browser (`Sec-Fetch-Site`), gets no CORS header, and under a foreign name for this machine (DNS rebinding) nothing is answered.
 * @param hosts exact values of the `Host` header
 * @param peer address at the other end of the socket
 */
export function endpointJson(request: Request, hosts: readonly string[], token: string, peer: string | undefined): Response {
  const host = request.headers.get('host')?.toLowerCase() ?? '';
  if (!hosts.includes(host)) return refuse(421, 'This server does not answer under that host name.');
  if (!isLoopbackAddress(peer) || forwarded.some(name => request.headers.has(name))) return refuse(403, 'Only this machine is told this.');
  const site = request.headers.get('sec-fetch-site');
  const origin = request.headers.get('origin');
  const own = origin === null || origin === `http://${host}` || origin === `https://${host}`;
  if (!own || (site !== null && site !== 'same-origin' && site !== 'none'))
    return refuse(403, 'Only the page of this server may read this.');
  if (request.method !== 'GET') return refuse(405, 'Only GET is served here.', { allow: 'GET' });
  const protocol = new URL(request.url).protocol;
  return Response.json({ url: `${protocol}//${host}/v1`, token, kind: 'server' }, { headers });
}
