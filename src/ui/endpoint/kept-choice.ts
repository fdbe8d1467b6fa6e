// Where training happens, as this browser remembers it: without a key.

/** `server`: the one this page came from. `export`: sets are made, and trained elsewhere by hand. */
export type EndpointKind = 'page' | 'server' | 'url' | 'export';
const kinds: readonly EndpointKind[] = ['page', 'server', 'url', 'export'];

export interface KeptChoice {
  kind: EndpointKind;
  url: string;
  graphics: boolean;
}

export function readChoice(text: string | null): KeptChoice | null {
  try {
    const { kind, url, graphics } = JSON.parse(text ?? 'null') as { kind?: unknown; url?: unknown; graphics?: unknown };
    return kinds.includes(kind as EndpointKind)
      ? { kind: kind as EndpointKind, url: typeof url === 'string' ? url : '', graphics: graphics === true }
      : null;
  } catch {
    return null; // nothing was chosen, or storage holds something else
  }
}
