// Where the page is, read from the hash alone. A fragment reaches no server and no log, so shared debates travel there too.

export const screens = ['debate', 'batch', 'loop', 'data', 'runs', 'models', 'learn'] as const;
export type Screen = (typeof screens)[number];

export type Route =
  | { kind: 'screen'; screen: Screen }
  /** A stored run; `qid` picks one question of it, `turn` one turn of that: its id behind the question's, `2.0.critic`. */
  | { kind: 'run'; run: string; qid: string | null; turn?: string }
  /** A stored loop, or a recorded one of `loop/recordings.ts` by its name. */
  | { kind: 'loop'; loop: string }
  /** A training set by the hash of its rows; `row` picks one row of it by its own hash. */
  | { kind: 'set'; set: string; row: string | null }
  /** From elsewhere: a debate inside the link itself (`r1.…`), the address of a file (`run=…`) or of a list of them (`index=…`), or what to ask of whom (`recipe=…`). `share/parseHash` reads it. */
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
  if (/^[a-z]+\d+\./.test(text) || /^(?:run|index|recipe)=/.test(text)) return { kind: 'shared', hash: text };
  const [root, first, ...rest] = text.split('/');
  if (root === '' && first !== undefined) {
    const parts = rest.filter(part => part !== '').map(decode);
    if (isScreen(first) && parts.length === 0) return { kind: 'screen', screen: first };
    const [id, part, turn] = parts;
    if (id && part && turn && parts.length === 3 && first === 'runs') return { kind: 'run', run: id, qid: part, turn };
    if (id && parts.length <= 2 && part !== null) {
      if (first === 'runs') return { kind: 'run', run: id, qid: part ?? null };
      if (first === 'data') return { kind: 'set', set: id, row: part ?? null };
      if (first === 'loop' && part === undefined) return { kind: 'loop', loop: id };
    }
  }
  return { kind: 'unknown', hash: text };
}

const path = (id: string, part: string | null): string => encodeURIComponent(id) + (part === null ? '' : `/${encodeURIComponent(part)}`);

/** The inverse of `parseRoute`, with the `#`. */
export function formatRoute(route: Route): string {
  switch (route.kind) {
    case 'screen':
      return `#/${route.screen}`;
    case 'run':
      return `#/runs/${path(route.run, route.qid)}${route.qid !== null && route.turn ? `/${encodeURIComponent(route.turn)}` : ''}`;
    case 'loop':
      return `#/loop/${path(route.loop, null)}`;
    case 'set':
      return `#/data/${path(route.set, route.row)}`;
    case 'shared':
    case 'unknown':
      return `#${route.hash}`;
  }
}

const titles: Record<Screen, string> = {
  debate: 'Debate',
  batch: 'Batch',
  loop: 'Loop',
  data: 'Data',
  runs: 'Runs',
  models: 'Models',
  learn: 'Learn',
};

export const screenTitle = (screen: Screen): string => titles[screen];

/** For the tab and for the announcement after a change of screen. */
export function routeTitle(route: Route): string {
  switch (route.kind) {
    case 'screen':
      return titles[route.screen];
    case 'run':
      return 'Recorded run';
    case 'loop':
      return 'Loop';
    case 'set':
      return 'Training set';
    case 'shared':
      return 'Shared run';
    case 'unknown':
      return 'Link not understood';
  }
}

/** Which entry of the navigation a route belongs to. */
export function routeScreen(route: Route): Screen | null {
  switch (route.kind) {
    case 'screen':
      return route.screen;
    case 'run':
      return 'runs';
    case 'loop':
      return 'loop';
    case 'set':
      return 'data';
    case 'shared':
    case 'unknown':
      return null;
  }
}
