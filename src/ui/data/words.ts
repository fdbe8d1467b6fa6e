// Sets and rows in the words of the page.
import { discardWords, type Discard } from '../../datasets/pools';
import type { DataRow, SetRow } from '../../datasets/records';
import { agentLetter } from '../look/agents';
import { plural } from '../theatre/words';

export const roleWords = { generator: 'Generator', critic: 'Critic' } as const;

export const setName = ({ role, agent, shared }: Pick<SetRow, 'role' | 'agent' | 'shared'>): string =>
  shared ? 'One model' : `${roleWords[role]} ${agentLetter(agent)}`;

export const kindWords: Record<DataRow['kind'], { label: string; about: string }> = {
  first: { label: 'First answer', about: 'A first answer that matches the label.' },
  corrected: { label: 'Corrected', about: 'Wrong or unreadable at first, on the label at last.' },
  kept: { label: 'Kept', about: 'On the label from the first answer to the last.' },
  imported: { label: 'Imported', about: 'From a file; no debate stands behind it.' },
};

export const shortHash = (hash: string): string => hash.slice(0, 8);

export const share = (value: number): string => value.toFixed(2);

/** What the set is made of: "24 corrected + 24 kept, w 0.50". */
export function makeup({ role, minus, plus, wRealised, size }: Pick<SetRow, 'role' | 'minus' | 'plus' | 'wRealised' | 'size'>): string {
  if (role === 'generator' || wRealised === null) return plural(size, 'row');
  return `${minus} corrected + ${plus} kept, w\u00a0${share(wRealised)}`;
}

/** Questions that gave nothing, most frequent reason first. */
export const discards = ({ discarded }: Pick<SetRow, 'discarded'>): { reason: string; count: number }[] =>
  Object.entries(discarded)
    .map(([reason, count]) => ({
      reason: reason === 'twice' ? 'the same row again' : (discardWords[reason as Discard] ?? reason),
      count,
    }))
    .sort((x, y) => y.count - x.count);
