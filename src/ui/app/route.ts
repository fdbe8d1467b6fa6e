// Where the page is, read from the hash alone. A fragment reaches no server and no log, so shared debates travel there too.

export const screens = ['debate', 'batch', 'runs', 'models', 'learn'] as const;
export type Screen = (typeof screens)[number];

export type Route =
  | { kind: 'screen'; screen: Screen }
  /** A stored run; `qid` picks one question of it. */
  | { kind: 'run'; run: string; qid: string | null }
  /** A run from elsewhere: a debate inside the link itself (`r1.…`), or the address of a file (`run=…`). `share/parseHash` reads it. */
  | { kind: 'shared'; hash: string }
  | { kind: 'unknown'; hash: string };

const isScreen = (name: string): name is Screen => (screens as readonly string[]).includes(name);

/** `null` where the percent escapes are broken: a hash is typed and pasted by people. */
function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** @param hash `location.hash`, with or without the `#` */
export function parseRoute(hash: string): Route {
  const text = hash.startsWith('#') ? hash.slice(1) : hash;
  if (text === '' || text === '/') return { kind: 'screen', screen: 'debate' };
  if (/^[a-z]+\d+\./.test(text) || text.startsWith('run=')) return { kind: 'shared', hash: text };
  const [root, first, ...rest] = text.split('/');
  if (root === '' && first !== undefined) {
    const parts = rest.filter(part => part !== '').map(decode);
    if (isScreen(first) && parts.length === 0) return { kind: 'screen', screen: first };
    const [run, qid] = parts;
    if (first === 'runs' && run && parts.length <= 2 && qid !== null) return { kind: 'run', run, qid: qid ?? null };
  }
  return { kind: 'unknown', hash: text };
}

/** The inverse of `parseRoute`, with the `#`. */
export function formatRoute(route: Route): string {
  switch (route.kind) {
    case 'screen':
      return `#/${route.screen}`;
    case 'run':
      return `#/runs/${encodeURIComponent(route.run)}${route.qid === null ? '' : `/${encodeURIComponent(route.qid)}`}`;
    case 'shared':
    case 'unknown':
      return `#${route.hash}`;
  }
}

const titles: Record<Screen, string> = { debate: 'Debate', batch: 'Batch', runs: 'Runs', models: 'Models', learn: 'Learn' };

export const screenTitle = (screen: Screen): string => titles[screen];

/** For the tab and for the announcement after a change of screen. */
export function routeTitle(route: Route): string {
  switch (route.kind) {
    case 'screen':
      return titles[route.screen];
    case 'run':
      return 'Recorded run';
    case 'shared':
      return 'Shared run';
    case 'unknown':
      return 'Link not understood';
  }
}

/** Which entry of the navigation a route belongs to. */
export const routeScreen = (route: Route): Screen | null => (route.kind === 'screen' ? route.screen : route.kind === 'run' ? 'runs' : null);
