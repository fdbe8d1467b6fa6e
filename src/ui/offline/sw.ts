// The second visit works offline. Files are content-addressed by the list that the build writes in front of this script,
// so an update fetches only what changed and an old cache can never serve a new page.

/** Path relative to the app → content hash. `now` is fetched at install, `used` is kept when the page first asks for it. */
declare const FILES: { now: Record<string, string>; used: Record<string, string> };

interface ServiceWorkerScope {
  registration: { scope: string };
  clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(type: 'install' | 'activate', listener: (event: { waitUntil(work: Promise<unknown>): void }) => void): void;
  addEventListener(type: 'fetch', listener: (event: { request: Request; respondWith(response: Promise<Response>): void }) => void): void;
}

const sw = self as unknown as ServiceWorkerScope;
const cacheName = 'polylogue-app-1';
const hashes: Record<string, string> = { ...FILES.used, ...FILES.now };

/** Key in the cache: the address with its content hash. */
const keyOf = (path: string): string => new URL(`${path}?rev=${hashes[path]}`, sw.registration.scope).href;

/** The file of our list that a request means, or null. */
function fileOf(request: Request): string | null {
  if (request.method !== 'GET' || request.headers.has('range')) return null;
  const url = new URL(request.url);
  const scope = new URL(sw.registration.scope);
  if (url.origin !== scope.origin || !url.pathname.startsWith(scope.pathname)) return null;
  const path = decodeURIComponent(url.pathname.slice(scope.pathname.length)) || 'index.html';
  return Object.hasOwn(hashes, path) ? path : null;
}

async function keep(cache: Cache, path: string, response: Response): Promise<void> {
  if (!response.ok || response.redirected) return;
  // A full disk must not break the page; the file is simply asked for again next time.
  await cache.put(keyOf(path), response).catch(() => undefined);
}

async function install(): Promise<void> {
  const cache = await caches.open(cacheName);
  await Promise.all(
    Object.keys(FILES.now).map(async path => {
      if (await cache.match(keyOf(path))) return;
      const response = await fetch(new URL(path, sw.registration.scope), { cache: 'no-cache' });
      if (!response.ok) throw new Error(`${path}: status ${response.status}`);
      await cache.put(keyOf(path), response);
    }),
  );
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

async function file(request: Request, path: string): Promise<Response> {
  const cache = await caches.open(cacheName);
  const kept = await cache.match(keyOf(path));
  if (kept) return kept;
  const response = await fetch(request);
  await keep(cache, path, response.clone());
  return response;
}

sw.addEventListener('install', event => event.waitUntil(install()));
sw.addEventListener('activate', event => event.waitUntil(activate()));
sw.addEventListener('fetch', event => {
  const path = fileOf(event.request);
  if (path === null) return;
  event.respondWith(event.request.mode === 'navigate' || path === 'index.html' ? page(event.request, path) : file(event.request, path));
});

export {};
