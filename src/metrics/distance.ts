// How differently agents word their answers, whatever they answer.
import type { Turn } from '../debate/events';
import { meanOf, type RoundAnswers } from './diversity';

/** The text of each token as it was sampled; words where the speaker reported no tokens. */
export function tokensOf({ text, ends }: Pick<Turn, 'text' | 'ends'>): string[] {
  if (!ends.length) return text.match(/\S+/g) ?? [];
  // A turn-end token has no text of its own.
  return ends.map((end, i) => text.slice(ends[i - 1] ?? 0, end)).filter(token => token !== '');
}

function bigrams(tokens: readonly string[]): Set<string> {
  // A text of one token has no pair; framed by its ends it can still be told from another.
  const framed = ['\u0002', ...tokens, '\u0003'];
  return new Set(framed.slice(1).map((token, i) => `${framed[i]}\u0000${token}`));
}

/** 1 − |A ∩ B| / |A ∪ B| over token bigrams, text ends included: 0 for equal texts, 1 for texts without a common pair. */
export function bigramDistance(x: readonly string[], y: readonly string[]): number {
  const [a, b] = [bigrams(x), bigrams(y)];
  let common = 0;
  for (const pair of a) if (b.has(pair)) common++;
  return 1 - common / (a.size + b.size - common);
}

/** Mean distance between two answers to the same question; null with fewer than two. A mean over questions leaves those out. */
export function distanceIn({ answers }: RoundAnswers): number | null {
  const texts = answers.flatMap(({ turn }) => (turn ? [tokensOf(turn)] : []));
  return meanOf(texts.flatMap((x, i) => texts.slice(i + 1).map(y => bigramDistance(x, y)))).mean;
}
