// The exact text of the three things a model is asked here. Training corpus and debate call these same functions.
import { boxed, firstDispute } from './steps';

export interface PromptMessage {
  role: 'user' | 'assistant';
  content: string;
}

export interface Peer {
  /** As the reader will see it, e.g. `Agent B`. */
  name: string;
  text: string;
}

/** What a critic is shown of the others. */
export type Shown = { kind: 'summary'; text: string } | { kind: 'solutions'; peers: readonly Peer[] } | { kind: 'none' };

/** `Agent A` … `Agent Z`, then numbers. */
export const agentName = (index: number): string => `Agent ${index < 26 ? String.fromCharCode(65 + index) : index + 1}`;

// Peers are set line by line; a line break inside a solution would look like the end of it.
const lines = (peers: readonly Peer[]): string => peers.map(peer => `${peer.name}: ${peer.text.replace(/\s*\n\s*/g, ' ')}\n`).join('');

/** Round 1. */
export const solvePrompt = (question: string): PromptMessage[] => [{ role: 'user', content: question }];

/** A fresh chat: what do these agents say? */
export const summarisePrompt = (peers: readonly Peer[]): PromptMessage[] => [{ role: 'user', content: `${lines(peers)}Summarise.` }];

/**
 * Rounds 2 and later. The question stands last: a small model that reads it first forgets it on the way.
 * @param own the critic's last answer, or null when it is not shown
 */
export function revisePrompt(question: string, own: string | null, shown: Shown): PromptMessage[] {
  const before = shown.kind === 'summary' ? `Summary: ${shown.text}\n` : shown.kind === 'solutions' ? lines(shown.peers) : '';
  const earlier: PromptMessage[] =
    own === null
      ? []
      : [
          { role: 'user', content: question },
          { role: 'assistant', content: own },
        ];
  return [...earlier, { role: 'user', content: `${before}${question}` }];
}

/**
 * The exact summary of some solutions: who holds which answer, and the first shared step they wrote differently.
 * What the built-in summariser is trained to say.
 */
export function summaryText(peers: readonly Peer[]): string {
  const answers = peers.map(peer => boxed(peer.text));
  const parts = peers.map(({ name }, i) => `${name}: ${answers[i] ?? 'no answer'}.`);
  const dispute = firstDispute(peers.map(peer => peer.text));
  if (dispute) parts.push(`They differ at ${dispute.left}: ${dispute.values.join(' or ')}.`);
  else if (new Set(answers).size > 1) parts.push('No shared step differs.');
  else if (peers.length > 1 && answers[0] !== null) parts.push('All agree.');
  return parts.join(' ');
}
