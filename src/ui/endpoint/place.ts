// What a chosen place is called, where its jobs are remembered, and what keeps jobs from being ordered or watched there.
import type { EndpointLabel } from '../../experiment/records';
import { addressProblem, pageOrigin, type PagePlace } from '../../finetune/endpoint-address';
import type { EndpointKind } from './kept-choice';
import { placeWords } from './place-words';
import type { ServerInfo } from './server-info';

export interface Place {
  kind: EndpointKind;
  /** As it was typed. */
  url: string;
  /** The server this page came from; null = it does not train, undefined = not asked yet. */
  server: ServerInfo | null | undefined;
}

/** @returns empty where it is no address */
export const originOf = (url: string): string => (URL.canParse(url.trim()) ? new URL(url.trim()).origin : '');

/** As the record of a loop should tell it; null = nowhere, only export. */
export function labelOf({ kind, url }: Place): EndpointLabel | null {
  if (kind === 'export') return null;
  return { kind, origin: kind === 'url' ? originOf(url) : '' };
}

/** Origin that its jobs are remembered under; null = there is none. @param base `document.baseURI` */
export function jobOrigin({ kind, url, server }: Place, base: string): string | null {
  if (kind === 'page') return pageOrigin;
  if (kind === 'server') return server ? new URL(server.url, base).origin : null;
  return (kind === 'url' && originOf(url)) || null;
}

/** What keeps a loop from being started there; empty = nothing. */
export function problemOf({ kind, url, server }: Place, page: PagePlace): string {
  if (kind === 'server') return server === null ? 'The server of this page does not train.' : '';
  if (kind !== 'url') return '';
  if (url.trim() === '') return 'The address of the endpoint is missing.';
  const wrong = addressProblem(url.trim(), page);
  return wrong ? `${wrong.found} ${wrong.next}` : '';
}

/**
 * What keeps jobs from being watched without a word of the reader; empty = nothing.
 * @param ordered origin of the endpoint that has the jobs; null = nobody remembers
 * @param chosen origin of the chosen place, `jobOrigin`
 * @param page origin of this page
 */
export function unaskedWords(
  { kind, ordered, chosen, page }: { kind: EndpointKind; ordered: string | null; chosen: string | null; page: string },
  has: { key: boolean; consent: (origin: string) => boolean },
): string {
  if (ordered === null) return 'Where its trainings were ordered is not known here any more. Choose that place, then press Resume.';
  if (ordered !== chosen)
    return `Its trainings were ordered ${placeWords(ordered, page)}; another place is chosen now, or that one does not answer. Choose it, then press Resume.`;
  if (kind === 'page') return '';
  if (kind === 'url' && !has.key) return `The key of ${ordered} was not kept. Enter it, if one is needed, then press Resume.`;
  return has.consent(ordered) ? '' : `Rows have not been released to ${ordered} yet. Press Resume to be asked.`;
}
