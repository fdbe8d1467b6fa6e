// How the page that this server serves learns of the endpoint beside it: one small file with the token, for that page alone.

/**
 * Another site's page cannot read it: it is told so by the browser (`Sec-Fetch-Site`), gets no CORS header, and under a foreign
 * name for this machine (DNS rebinding) nothing is answered at all.
 * @param hosts exact values of the `Host` header
 */
export function endpointJson(request: Request, hosts: readonly string[], token: string): Response {
  const headers = {
    ...{ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'cross-origin-resource-policy': 'same-origin' },
    'referrer-policy': 'no-referrer',
  };
  const host = request.headers.get('host')?.toLowerCase() ?? '';
  if (!hosts.includes(host)) return new Response('This server does not answer under that host name.\n', { status: 421, headers });
  const site = request.headers.get('sec-fetch-site');
  const origin = request.headers.get('origin');
  const own = origin === null || origin === `http://${host}` || origin === `https://${host}`;
  if (!own || (site !== null && site !== 'same-origin' && site !== 'none'))
    return new Response('Only the page of this server may read this.\n', { status: 403, headers });
  if (request.method !== 'GET') return new Response('Only GET is served here.\n', { status: 405, headers: { ...headers, allow: 'GET' } });
  const protocol = new URL(request.url).protocol;
  return Response.json({ url: `${protocol}//${host}/v1`, token, kind: 'server' }, { headers });
}
