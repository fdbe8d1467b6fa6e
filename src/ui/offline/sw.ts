// The second visit works offline. Files are content-addressed by the list that the build writes in front of this script,
// so an update fetches only what changed and an old cache can never serve a new page.

/** Path relative to the app → content hash. `now` is fetched at install, `used` is kept when the page first asks for it. */
declare const FILES: { now: Record<string, string>; used: Record<string, string> };

interface FetchLike {
  request: Request;
  respondWith(response: Promise<Response>): void;
  waitUntil(work: Promise<unknown>): void;
}

interface ServiceWorkerScope {
  registration: { scope: string };
  clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(type: 'install' | 'activate', listener: (event: { waitUntil(work: Promise<unknown>): void }) => void): void;
  addEventListener(type: 'message', listener: (event: { data: unknown; waitUntil(work: Promise<unknown>): void }) => void): void;
  addEventListener(type: 'fetch', listener: (event: FetchLike) => void): void;
}

const sw = self as unknown as ServiceWorkerScope;
const cacheName = 'polylogue-app-1';
const hashes: Record<string, string> = { ...FILES.used, ...FILES.now };

/** Key in the cache: the address with its content hash. */
const keyOf = (path: string): string => new URL(`${path}?rev=${hashes[path]}`, sw.registration.scope).href;

/** The file of our list that a request means, or null. */
function fileOf(request: Request): string | null {
  if ((request.method !== 'GET' && request.method !== 'HEAD') || request.headers.has('range')) return null;
  const url = new URL(request.url);
  const scope = new URL(sw.registration.scope);
  if (url.origin !== scope.origin || !url.pathname.startsWith(scope.pathname)) return null;
  const path = decodeURIComponent(url.pathname.slice(scope.pathname.length)) || 'index.html';
  return Object.hasOwn(hashes, path) ? path : null;
}

/** With its true length: a server may have sent it compressed, and whoever reads from here gets it as it is. */
async function keep(cache: Cache, path: string, response: Response): Promise<void> {
  const body = await response.blob();
  const headers = new Headers(response.headers);
  headers.delete('content-encoding');
  headers.set('content-length', String(body.size));
  await cache.put(keyOf(path), new Response(body, { status: 200, headers }));
}

/** @throws TypeError when the network does not answer, Error when the server does not have the file */
async function fetchInto(cache: Cache, path: string, from: RequestCache): Promise<void> {
  if (await cache.match(keyOf(path))) return;
  const response = await fetch(new URL(path, sw.registration.scope), { cache: from });
  if (!response.ok) throw new Error(`${path}: status ${response.status}`);
  await keep(cache, path, response);
}

async function install(): Promise<void> {
  const cache = await caches.open(cacheName);
  await Promise.all(Object.keys(FILES.now).map(path => fetchInto(cache, path, 'no-cache')));
  await sw.skipWaiting();
}

async function activate(): Promise<void> {
  const cache = await caches.open(cacheName);
  const wanted = new Set(Object.keys(hashes).map(keyOf));
  for (const request of await cache.keys()) if (!wanted.has(request.url)) await cache.delete(request);
  await sw.clients.claim();
}

/** Online the page itself is always the newest; its files are named by content and come from the cache. */
async function page(request: Request, path: string): Promise<Response> {
  const cache = await caches.open(cacheName);
  try {
    return await fetch(request);
  } catch (error) {
    const kept = await cache.match(keyOf(path));
    if (kept) return kept;
    throw error;
  }
}

async function file(request: Request, path: string, later: (work: Promise<unknown>) => void): Promise<Response> {
  const cache = await caches.open(cacheName);
  const kept = await cache.match(keyOf(path));
  if (kept) return request.method === 'HEAD' ? new Response(null, { status: 200, headers: kept.headers }) : kept;
  const response = await fetch(request);
  // Beside the answer, not before it. A full disk must not break the page; the file is simply asked for again next time.
  if (request.method === 'GET' && response.ok && !response.redirected) later(keep(cache, path, response.clone()).catch(() => undefined));
  return response;
}

/** Models are probed for files they may not have. Offline, what our list does not name is not there. */
const optional = async (request: Request): Promise<Response> => fetch(request).catch(() => new Response(null, { status: 404 }));

/** The page used the built-in model: from now on it works without a network too. What was just fetched comes from the browser's cache. */
async function keepModel(model: string): Promise<void> {
  const cache = await caches.open(cacheName);
  const needed = Object.keys(FILES.used).filter(
    path => path.endsWith('.wasm') || (path.startsWith(`models/${model}/`) && /\.(json|onnx|jinja)$/.test(path)),
  );
  for (const path of needed) await fetchInto(cache, path, 'force-cache').catch(() => undefined);
}

sw.addEventListener('install', event => event.waitUntil(install()));
sw.addEventListener('activate', event => event.waitUntil(activate()));
sw.addEventListener('message', event => {
  const { keepModel: model } = (event.data ?? {}) as { keepModel?: unknown };
  if (typeof model === 'string') event.waitUntil(keepModel(model));
});
sw.addEventListener('fetch', event => {
  const { request } = event;
  const path = fileOf(request);
  if (path === null) {
    if (request.url.startsWith(new URL('models/', sw.registration.scope).href)) event.respondWith(optional(request));
  } else if (request.mode === 'navigate' || path === 'index.html') event.respondWith(page(request, path));
  else event.respondWith(file(request, path, work => event.waitUntil(work)));
});

export {};
