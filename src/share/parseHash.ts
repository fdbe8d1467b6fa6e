// What a fragment asks for, as a pure function: the page decides what to do with it, and asks where it must.

/** Where the reader was looking; rides along with a link. Ids are capped, everything else is dropped. */
export interface SharedView {
  question?: string;
  /** Opened with the link: a turn of the question, its id behind the question's, `2.0.critic`. */
  turn?: string;
}

/** What to put behind a link so that it opens at a turn. */
export const turnSuffix = ({ id, qid }: { id: string; qid: string }): string => `&turn=${encodeURIComponent(id.slice(qid.length + 1))}`;

export type ParsedHash =
  | { kind: 'none' }
  /** A debate inside the link; `fragment` is for `openLink`. */
  | { kind: 'link'; fragment: string; view: SharedView }
  /** A run file at an address; `needsConsent` says whether to ask. */
  | { kind: 'run-url'; url: string; view: SharedView }
  /** A list of runs at an address. */
  | { kind: 'index-url'; url: string }
  /** What to ask of whom; the fields are for `decodeRecipe`. */
  | { kind: 'recipe'; fields: ReadonlyMap<string, string> }
  | { kind: 'unknown'; text: string };

/** A sentence around a pasted link often leaves its full stop or bracket on it; neither a debate nor the name of a turn ends so. */
const trimmed = (text: string): string => text.replace(/[^\w-]+$/, '');

const longestUrl = 4000;
const longestId = 200;

function parameters(text: string): Map<string, string> | null {
  const found = new Map<string, string>();
  for (const pair of text.split('&').slice(0, 40)) {
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
  const [question, turn] = [given.get('question'), given.get('turn')];
  if (question) view.question = question.slice(0, longestId);
  if (turn) view.turn = trimmed(turn.slice(0, longestId));
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
    return { kind: 'link', fragment: trimmed(cut < 0 ? text : text.slice(0, cut)), view };
  }
  const given = parameters(text);
  if (!given) return unknown;
  const url = given.get('run');
  if (url !== undefined) return url.length > 0 && url.length <= longestUrl ? { kind: 'run-url', url, view: viewOf(given) } : unknown;
  const index = given.get('index');
  if (index !== undefined) return index.length > 0 && index.length <= longestUrl ? { kind: 'index-url', url: index } : unknown;
  if (given.has('recipe')) return { kind: 'recipe', fields: given };
  return unknown;
}
