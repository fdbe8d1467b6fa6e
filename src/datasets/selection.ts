// How rows were chosen, in words: a number that stands on other rows than the paper's is never shown without them.
import type { Selection } from './records';

const percent = (share: number): string => `${Math.round(share * 100)} %`;

/**
 * @param ownRealised share of own rows that came of it, where the set is known
 * @returns null for the paper's own way
 */
export function selectionWords(selection: Selection, ownRealised?: number): string | null {
  switch (selection.by) {
    case 'consensus':
      return null;
    case 'cross-agent': {
      const asked = percent(selection.ownShare);
      const got = ownRealised === undefined || percent(ownRealised) === asked ? '' : ` (${percent(ownRealised)} came of it)`;
      return `${asked} own rows${got}, the rest from others: not the paper’s`;
    }
    case 'truth':
      return 'chosen by the right answer instead of the vote: not the paper’s';
    case 'verifier':
      return 'chosen by checking the written steps instead of the vote: not the paper’s';
  }
}
