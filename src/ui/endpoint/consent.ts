// Rows leave this page only after the reader saw where they go, how many they are and one of them. Asked once a loop and destination.
import type { TuneOrder } from '../../finetune/order';

export interface ConsentRequest {
  loop: string;
  origin: string;
  /** Where a proxy at `origin` passes them on to, as it says; null = they stay there. */
  upstream: string | null;
  /** The sets waiting so far. */
  sets: { agent: string; rows: number; bytes: number }[];
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
export function joined(request: ConsentRequest | null, order: TuneOrder, to: Pick<ConsentRequest, 'origin' | 'upstream'>): ConsentRequest {
  const lines = order.training.split('\n').filter(line => line.trim() !== '');
  const one = { agent: order.agent, rows: lines.length, bytes: new TextEncoder().encode(order.training).length };
  if (request) return { ...request, sets: [...request.sets.filter(({ agent }) => agent !== one.agent), one] };
  return { loop: order.loop, ...to, sets: [one], sample: sampleOf(lines[0]) };
}

function sampleOf(line: string | undefined): ConsentRequest['sample'] {
  if (line === undefined) return [];
  type Messages = ConsentRequest['sample'];
  const row = JSON.parse(line) as { messages?: Messages; input?: { messages: Messages }; preferred_output?: Messages };
  // Of a preference pair, what is to be learned.
  const messages = row.messages ?? [...(row.input?.messages ?? []), ...(row.preferred_output ?? [])];
  return messages.map(({ role, content }) => ({ role, content }));
}
