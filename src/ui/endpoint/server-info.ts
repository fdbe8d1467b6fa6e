// Whether the server this page came from also trains. The file that is asked ships with the page and says no; `npm start` answers in its place.
import * as v from 'valibot';

const Told = v.variant('kind', [
  v.object({ kind: v.literal('none') }),
  v.object({ kind: v.literal('server'), url: v.string(), token: v.pipe(v.string(), v.minLength(1), v.maxLength(500)) }),
]);

export interface ServerInfo {
  url: string;
  token: string;
}

/** @returns null where there is none; a file that names another origin than the page's is not believed */
export async function findServer(fetch: (url: string, init: RequestInit) => Promise<Response>, base: string): Promise<ServerInfo | null> {
  try {
    const response = await fetch(new URL('endpoint.json', base).href, { cache: 'no-store', credentials: 'omit', redirect: 'error' });
    if (!response.ok) return null;
    const told = v.parse(Told, await response.json());
    if (told.kind === 'none') return null;
    const { url, token } = told;
    return new URL(url, base).origin === new URL(base).origin ? { url: new URL(url, base).href, token } : null;
  } catch {
    return null; // no network, a page instead of JSON, another shape: all mean that nothing here trains
  }
}
