// Model files this browser keeps, grouped by the model they belong to.

export interface CachedModel {
  /** Host and repository: `huggingface.co · owner/name`. */
  id: string;
  host: string;
  files: number;
  bytes: number;
  urls: string[];
}

/** The cache that transformers.js and our engine share. */
const cacheName = 'transformers-cache';

/** Host and model of a cached address, whatever hub it came from. */
export function modelOf(url: string): { id: string; host: string } {
  const { host, pathname } = new URL(url);
  const repo = /^\/(.+?)\/resolve\//.exec(pathname)?.[1];
  return { id: decodeURIComponent(repo ?? pathname.split('/').slice(1, -1).join('/')) || host, host };
}

export async function cachedModels(storage: CacheStorage | undefined = globalThis.caches): Promise<CachedModel[]> {
  if (!storage || !(await storage.has(cacheName))) return [];
  const cache = await storage.open(cacheName);
  const models = new Map<string, CachedModel>();
  for (const request of await cache.keys()) {
    const { id, host } = modelOf(request.url);
    const length = Number((await cache.match(request))?.headers.get('content-length') ?? 0);
    const model = models.get(`${host} ${id}`) ?? { id, host, files: 0, bytes: 0, urls: [] };
    models.set(`${host} ${id}`, { ...model, files: model.files + 1, bytes: model.bytes + length, urls: [...model.urls, request.url] });
  }
  return [...models.values()];
}

export async function deleteModel(model: CachedModel, storage: CacheStorage = globalThis.caches): Promise<void> {
  const cache = await storage.open(cacheName);
  for (const url of model.urls) await cache.delete(url);
}
