// A model on a hub: `{host}/{repo}/resolve/{revision}/{file}`, downloaded once and kept.
// The library's own download has no abort and caches what was cut short; this one counts a file as kept only when it is whole.
import { download, hubSize, isText, type Fetch } from './download';
import { EngineError } from './fault';
import type { ModelCache } from './model-cache';
import type { FileFacts, ModelFolder } from './model-folder';
import { DEFAULT_HUB, type Permit } from './permit';

export interface HubOptions {
  /** `owner/name` */
  id: string;
  revision?: string | undefined;
  host?: string | undefined;
  fetch: Fetch;
  cache: ModelCache | undefined;
  permit: Pick<Permit, 'reach' | 'check'>;
  /** Told once when files cannot be kept, e.g. because storage is full; the model still loads. */
  onUnkept?(reason: string): void;
}

/** Configuration and tokenizers are shorter; whoever answers with more is no hub. */
const MOST_TEXT = 64 * 2 ** 20;

/** @throws EngineError `bad-model` for an id that is none: ids come from links and typing */
export function hubFolder({ id, revision = 'main', host = DEFAULT_HUB, fetch, cache, permit, onUnkept }: HubOptions): ModelFolder {
  if (!/^[\w.-]+\/[\w.-]+$/.test(id) || id.split('/').some(part => /^\.+$/.test(part)))
    throw new EngineError(
      'bad-model',
      `"${id}" is not the name of a model.`,
      'Write owner/name, for example HuggingFaceTB/SmolLM2-135M-Instruct.',
    );
  const root = `${host.replace(/\/$/, '')}/${id}/resolve/${encodeURIComponent(revision)}/`;
  /** As told or as read; null = there is no such file. */
  const sizes = new Map<string, number | null>();
  /** Texts that were read for their length. */
  const held = new Map<string, Uint8Array>();
  const url = (path: string): string => new URL(path, root).href;
  let unkept = false;

  async function keep(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    try {
      await cache?.put(url(path), bytes);
    } catch (error) {
      if (!unkept) onUnkept?.(error instanceof Error ? error.message : String(error));
      unkept = true;
    }
  }

  async function size(path: string, signal?: AbortSignal): Promise<number | null> {
    const known = sizes.get(path);
    if (known !== undefined) return known;
    // A model that was fetched before may be asked about again.
    if (!(await cache?.get(url('config.json')))) await permit.reach();
    const told = await hubSize(fetch, url(path), signal);
    const bytes = told === undefined ? ((await cache?.get(url(path)))?.bytes ?? (await readSize(path, signal))) : told;
    sizes.set(path, bytes);
    return bytes;
  }

  async function readSize(path: string, signal?: AbortSignal): Promise<number | null> {
    const bytes = await download(fetch, url(path), { signal, most: MOST_TEXT });
    if (!bytes) return null;
    held.set(path, bytes);
    await keep(path, bytes);
    return bytes.length;
  }

  /** A text that is longer than its server tells was told compressed. */
  const whole = (path: string, kept: number, told: number): boolean => kept === told || (isText(path) && kept > told);

  async function find(path: string, signal?: AbortSignal): Promise<FileFacts | null> {
    const kept = await cache?.get(url(path));
    try {
      const bytes = await size(path, signal);
      if (bytes === null) return null;
      if (kept && whole(path, kept.bytes, bytes)) return { bytes: kept.bytes, cached: true };
      return { bytes, cached: held.has(path) };
    } catch (error) {
      // Offline: what is kept can still be used.
      if (kept && error instanceof EngineError && error.code === 'network') return { bytes: kept.bytes, cached: true };
      throw error;
    }
  }

  return {
    find,
    async read(path, options = {}) {
      const here = held.get(path);
      if (here) {
        options.onBytes?.(here.length, here.length);
        return here;
      }
      const kept = await cache?.get(url(path));
      if (kept) {
        const bytes = await kept.read();
        if (bytes.length === kept.bytes && whole(path, bytes.length, sizes.get(path) ?? bytes.length)) {
          options.onBytes?.(bytes.length, bytes.length);
          return bytes;
        }
        await cache?.delete(url(path));
      }
      const told = await size(path, options.signal);
      if (told === null) return null;
      permit.check(path, told);
      const exact = isText(path) ? { most: MOST_TEXT } : { bytes: told, most: told };
      const bytes = await download(fetch, url(path), { ...options, ...exact });
      if (bytes) await keep(path, bytes);
      return bytes;
    },
  };
}
