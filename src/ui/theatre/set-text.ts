// How a model's text is set: kept as it is, character by character, in pieces that can be marked, hidden and kept together.
import type { Extraction } from '../../tasks/question';

/** A stretch of text of one kind. */
export interface Run {
  text: string;
  /** Part of the extracted answer. */
  marked: boolean;
  /** Still to come: takes its room without being seen. */
  hidden: boolean;
}

export interface Chunk {
  /** Stays on one line where it fits: a browser would break `24-18=6` after the hyphen. */
  whole: boolean;
  runs: Run[];
}

const sum = /\S[-–/?]\S/;

/**
 * The runs of all chunks, joined, are the text again.
 * @param shown characters that have been said; the rest is hidden
 * @param answer where the answer stands; offsets outside the text (a damaged file) mark nothing
 */
export function setText(text: string, shown: number, answer: Extraction | null): Chunk[] {
  const mark = answer && answer.start >= 0 && answer.start < answer.end && answer.end <= text.length ? answer : null;
  const cuts = [shown, ...(mark ? [mark.start, mark.end] : [])].sort((a, b) => a - b);
  const runs = (from: number, to: number): Run[] => {
    const edges = [from, ...cuts.filter(cut => cut > from && cut < to), to];
    return edges.slice(1).flatMap((end, i): Run[] => {
      const start = edges[i]!;
      return start === end
        ? []
        : [{ text: text.slice(start, end), marked: mark !== null && start >= mark.start && end <= mark.end, hidden: start >= shown }];
    });
  };

  const chunks: Chunk[] = [];
  let plain = 0;
  for (const word of text.matchAll(/\S+/g)) {
    if (!sum.test(word[0])) continue;
    if (word.index > plain) chunks.push({ whole: false, runs: runs(plain, word.index) });
    plain = word.index + word[0].length;
    chunks.push({ whole: true, runs: runs(word.index, plain) });
  }
  if (plain < text.length) chunks.push({ whole: false, runs: runs(plain, text.length) });
  return chunks;
}
