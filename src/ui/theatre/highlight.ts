// Text in pieces, so that the extracted answer can be marked without any HTML in between.
import type { Extraction } from '../../tasks/question';

export interface Piece {
  text: string;
  marked: boolean;
}

/** The text with the extraction as its own piece. Offsets outside the text (a damaged file) mark nothing. */
export function highlight(text: string, answer: Extraction | null): Piece[] {
  const plain = (part: string): Piece[] => (part ? [{ text: part, marked: false }] : []);
  if (!answer || answer.start < 0 || answer.end > text.length || answer.start >= answer.end) return plain(text);
  return [
    ...plain(text.slice(0, answer.start)),
    { text: text.slice(answer.start, answer.end), marked: true },
    ...plain(text.slice(answer.end)),
  ];
}
