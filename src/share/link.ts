// A debate in the fragment of an address: `r1.` + base64url(deflate-raw(JSON)). Nothing of it reaches a server or a log.
import type { RunEvent } from '../debate/events';
import { compress, fromBase64Url, inflate, toBase64Url } from './bytes';
import { fromWire1 } from './decodeLink';
import { fullLink, toWire1, type Levers } from './encodeLink';
import { ShareError } from './errors';
import { parseJson } from './json';

import { publicRun } from './publicRun';
import { describeOpened, type OpenedRun } from './opened';
import { measureLink, type LinkSize } from './size';

export type { Levers };
export { fullLink };

/** A link that unpacks to more than this holds no single debate. */
export const linkCeiling = 4_000_000;

export interface DebateLink {
  /** `r1.…`, to stand behind `#`; null when it would be too long: offer the file. */
  fragment: string | null;
  size: LinkSize;
}

/**
 * @param address what stands before the `#`; its length counts
 * @throws RangeError when the run does not hold the question
 */
export async function encodeLink(events: readonly RunEvent[], qid: string, levers: Levers = fullLink, address = ''): Promise<DebateLink> {
  const json = JSON.stringify(toWire1(publicRun(events), qid, levers));
  const fragment = `r1.${toBase64Url(await compress(new TextEncoder().encode(json), 'deflate-raw'))}`;
  const size = measureLink(address.length + 1 + fragment.length);
  return { fragment: size.fit === 'refused' ? null : fragment, size };
}

/** Decoders by tag, kept for ever. */
const decoders: Record<string, (payload: string) => Promise<OpenedRun>> = {
  r1: async payload => {
    const bytes = await inflate(fromBase64Url(payload), 'deflate-raw', linkCeiling);
    const value = parseJson(bytes);
    const { events, state, abridged } = fromWire1(value, new TextDecoder().decode(bytes));
    return describeOpened('link', events, state, { abridged });
  },
};

/** @param fragment `r1.…`, without `#` @throws ShareError */
export async function openLink(fragment: string): Promise<OpenedRun> {
  const [, tag = '', payload = ''] = /^([a-z]+\d+)\.(.*)$/s.exec(fragment) ?? [];
  const decode = Object.hasOwn(decoders, tag) ? decoders[tag] : undefined;
  if (decode) return decode(payload);
  if (/^r\d+$/.test(tag)) {
    throw new ShareError(
      'newer',
      'This link was made by a newer version of Polylogue.',
      'Reload this page to update it, then open the link again.',
    );
  }
  throw new ShareError('not-a-run', 'This link holds no debate.', 'Check that it was copied whole.');
}
