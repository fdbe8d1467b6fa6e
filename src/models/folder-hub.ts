// A model on a hub: `{host}/{repo}/resolve/{revision}/{file}`, downloaded once and kept.
// The library's own download has no abort and caches what was cut short; this one counts a file as kept only when it is whole.
import { download, sizeOf, type Fetch } from './download';
import { EngineError } from './fault';
import type { ModelCache } from './model-cache';
import type { ModelFolder } from './model-folder';

export interface HubOptions {
  /** `owner/name` */
  id: string;
  revision?: string | undefined;
  host?: string | undefined;
  fetch: Fetch;
  cache: ModelCache | undefined;
  /** Told once when files cannot be kept, e.g. because storage is full; the model still loads. */
  onUnkept?(reason: string): void;
}

export const DEFAULT_HUB = 'https://huggingface.co';

/** @throws EngineError `bad-model` for an id that is none: ids come from links and typing */
export function hubFolder({ id, revision = 'main', host = DEFAULT_HUB, fetch, cache, onUnkept }: HubOptions): ModelFolder {
  if (!/^[\w.-]+\/[\w.-]+$/.test(id) || id.split('/').some(part => /^\.+$/.test(part)))
    throw new EngineError(
      'bad-model',
      `"${id}" is not the name of a model.`,
      'Write owner/name, for example HuggingFaceTB/SmolLM2-135M-Instruct.',
    );
  const root = `${host.replace(/\/$/, '')}/${id}/resolve/${encodeURIComponent(revision)}/`;
  const sizes = new Map<string, number | null>();
  const url = (path: string): string => new URL(path, root).href;
  let unkept = false;

  async function size(path: string, signal?: AbortSignal): Promise<number | null> {
    const known = sizes.get(path);
    if (known !== undefined) return known;
    const bytes = await sizeOf(fetch, url(path), signal);
    sizes.set(path, bytes);
    return bytes;
  }

  return {
    async find(path, signal) {
      const kept = await cache?.get(url(path));
      try {
        const bytes = await size(path, signal);
        if (bytes === null) return null;
        return { bytes, cached: kept?.bytes === bytes };
      } catch (error) {
        // Offline: what is kept can still be used.
        if (kept && error instanceof EngineError && error.code === 'network') return { bytes: kept.bytes, cached: true };
        throw error;
      }
    },
    async read(path, options = {}) {
      const kept = await cache?.get(url(path));
      if (kept) {
        const bytes = await kept.read();
        if (bytes.length === kept.bytes && (sizes.get(path) ?? bytes.length) === bytes.length) {
          options.onBytes?.(bytes.length, bytes.length);
          return bytes;
        }
        await cache?.delete(url(path));
      }
      const bytes = await download(fetch, url(path), options);
      if (!bytes) return null;
      try {
        await cache?.put(url(path), bytes);
      } catch (error) {
        if (!unkept) onUnkept?.(error instanceof Error ? error.message : String(error));
        unkept = true;
      }
      return bytes;
    },
  };
}
