// Downloaded model files, kept by the browser under the very addresses transformers.js uses, so neither fetches what the other has.

export interface ModelCache {
  /** Length and bytes of a complete file; undefined when it is not there. */
  get(url: string): Promise<{ bytes: number; read(): Promise<Uint8Array> } | undefined>;
  /** @throws when there is no room */
  put(url: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  delete(url: string): Promise<void>;
}

/** The name transformers.js gives its cache. */
const NAME = 'transformers-cache';

/** @returns undefined where the browser has no such storage, e.g. on an insecure origin */
export function browserCache(storage: CacheStorage | undefined = globalThis.caches): ModelCache | undefined {
  if (!storage) return undefined;
  return {
    async get(url) {
      const response = await (await storage.open(NAME)).match(url);
      const length = response?.headers.get('content-length');
      // Without a length there is no telling whether the file is whole.
      if (!response || length === null || length === undefined) return undefined;
      return { bytes: Number(length), read: async () => new Uint8Array(await response.arrayBuffer()) };
    },
    async put(url, bytes) {
      const headers = { 'content-length': String(bytes.length), 'content-type': 'application/octet-stream' };
      await (await storage.open(NAME)).put(url, new Response(bytes, { headers }));
    },
    async delete(url) {
      await (await storage.open(NAME)).delete(url);
    },
  };
}

export function memoryCache(): ModelCache {
  const files = new Map<string, Uint8Array>();
  return {
    async get(url) {
      const bytes = files.get(url);
      return bytes && { bytes: bytes.length, read: async () => bytes };
    },
    async put(url, bytes) {
      files.set(url, bytes);
    },
    async delete(url) {
      files.delete(url);
    },
  };
}
