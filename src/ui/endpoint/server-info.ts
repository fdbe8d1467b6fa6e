// Whether the server this page came from also trains: `npm start` says so, a static host has no such file.
import * as v from 'valibot';

const Told = v.object({ url: v.string(), token: v.pipe(v.string(), v.minLength(1), v.maxLength(500)), kind: v.literal('server') });

export interface ServerInfo {
  url: string;
  token: string;
}

/** @returns null where there is none; a file that names another origin than the page's is not believed */
export async function findServer(fetch: (url: string, init: RequestInit) => Promise<Response>, base: string): Promise<ServerInfo | null> {
  try {
    const response = await fetch(new URL('endpoint.json', base).href, { cache: 'no-store', credentials: 'omit', redirect: 'error' });
    if (!response.ok) return null;
    const { url, token } = v.parse(Told, await response.json());
    return new URL(url, base).origin === new URL(base).origin ? { url: new URL(url, base).href, token } : null;
  } catch {
    return null; // no network, a page instead of JSON, another shape: all mean that nothing here trains
  }
}
