// What a fragment asks for, as a pure function: the page decides what to do with it, and asks where it must.

/** Where the reader was looking; rides along with a link. Ids are capped, everything else is dropped. */
export interface SharedView {
  round?: number;
  agent?: number;
  question?: string;
  /** Of the question: its id behind the question's, `2.0.critic`. */
  turn?: string;
}

export type ParsedHash =
  | { kind: 'none' }
  /** A debate inside the link; `fragment` is for `openLink`. */
  | { kind: 'link'; fragment: string; view: SharedView }
  /** A run file at an address; `needsConsent` says whether to ask. */
  | { kind: 'run-url'; url: string; view: SharedView }
  /** A view of what is open already. */
  | { kind: 'view'; view: SharedView }
  | { kind: 'unknown'; text: string };

const longestUrl = 4000;
const longestId = 200;

function parameters(text: string): Map<string, string> | null {
  const found = new Map<string, string>();
  for (const pair of text.split('&').slice(0, 32)) {
    const cut = pair.indexOf('=');
    if (cut < 1) continue;
    try {
      found.set(pair.slice(0, cut), decodeURIComponent(pair.slice(cut + 1)));
    } catch {
      return null;
    }
  }
  return found;
}

function viewOf(given: ReadonlyMap<string, string>): SharedView {
  const view: SharedView = {};
  const small = (name: string): number | undefined => {
    const text = given.get(name) ?? '';
    return /^\d{1,4}$/.test(text) ? Number(text) : undefined;
  };
  const [round, agent, question, turn] = [small('round'), small('agent'), given.get('question'), given.get('turn')];
  if (round !== undefined) view.round = round;
  if (agent !== undefined) view.agent = agent;
  if (question) view.question = question.slice(0, longestId);
  if (turn) view.turn = turn.slice(0, longestId);
  return view;
}

/** @param hash `location.hash`, with or without `#` */
export function parseHash(hash: string): ParsedHash {
  const text = hash.startsWith('#') ? hash.slice(1) : hash;
  if (text === '' || text === '/') return { kind: 'none' };
  const unknown: ParsedHash = { kind: 'unknown', text: text.slice(0, longestId) };
  if (/^[a-z]+\d+\./.test(text)) {
    const cut = text.indexOf('&');
    const view = viewOf((cut < 0 ? null : parameters(text.slice(cut + 1))) ?? new Map());
    return { kind: 'link', fragment: cut < 0 ? text : text.slice(0, cut), view };
  }
  const given = parameters(text);
  if (!given) return unknown;
  const url = given.get('run');
  if (url !== undefined) return url.length > 0 && url.length <= longestUrl ? { kind: 'run-url', url, view: viewOf(given) } : unknown;
  const view = viewOf(given);
  return Object.keys(view).length > 0 ? { kind: 'view', view } : unknown;
}
