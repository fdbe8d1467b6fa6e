// Rows leave this page only after the reader saw where they go, how many they are and one of them. Asked once a loop and destination.
import type { TuneOrder } from '../../datasets/order';
import type { Terms } from '../../finetune/terms';
import { rowsOf, uploadsOf, type Upload } from '../../finetune/uploads';

export interface ConsentRequest {
  loop: string;
  origin: string;
  /** Where a proxy at `origin` passes them on to, as it says; null = they stay there. */
  upstream: string | null;
  /** Of the sets waiting so far, as they would be sent. */
  files: { agent: string; name: string; kind: Upload['kind']; rows: number; bytes: number }[];
  terms: Terms;
  /** First row of the first set. */
  sample: { role: string; content: string }[];
}

/** How many answers are remembered: older loops are long done. */
const mostKept = 50;

/** @param upstream a proxy that was started for another endpoint is another destination */
export const consentKey = ({ loop, origin, upstream }: Pick<ConsentRequest, 'loop' | 'origin' | 'upstream'>): string =>
  `${loop}@${origin}${upstream === null ? '' : `>${upstream}`}`;

export function readConsents(text: string | null): string[] {
  try {
    const kept: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(kept) ? kept.filter(one => typeof one === 'string') : [];
  } catch {
    return [];
  }
}

export const withConsent = (kept: readonly string[], one: string): string[] =>
  [...kept.filter(other => other !== one), one].slice(-mostKept);

/** @returns the request with one more set in it */
export function joined(
  request: ConsentRequest | null,
  order: TuneOrder,
  to: Pick<ConsentRequest, 'origin' | 'upstream' | 'terms'>,
): ConsentRequest {
  const { agent, loop, training } = order;
  const files = uploadsOf(order).map(({ kind, name, content }) => ({
    ...{ agent, name, kind, rows: rowsOf(content), bytes: new TextEncoder().encode(content).length },
  }));
  if (request) return { ...request, files: [...request.files.filter(one => one.agent !== agent), ...files] };
  return { loop, ...to, files, sample: sampleOf(training.split('\n').find(line => line.trim() !== '')) };
}

function sampleOf(line: string | undefined): ConsentRequest['sample'] {
  if (line === undefined) return [];
  type Messages = ConsentRequest['sample'];
  const row = JSON.parse(line) as { messages?: Messages; input?: { messages: Messages }; preferred_output?: Messages };
  // Of a preference pair, what is to be learned.
  const messages = row.messages ?? [...(row.input?.messages ?? []), ...(row.preferred_output ?? [])];
  return messages.map(({ role, content }) => ({ role, content }));
}
