// What changed between two prompts, word by word.

export interface DiffPiece {
  kind: 'same' | 'added' | 'removed';
  text: string;
}

/** Beyond this many cells the table would cost more than it tells; whole lines are compared then, and past that the texts as a whole. */
const cellsAtMost = 4_000_000;

const words = (text: string): string[] => text.match(/\s+|[\p{L}\p{N}]+|[^\s\p{L}\p{N}]/gu) ?? [];
const lines = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+/g) ?? [];

/** Longest common subsequence of the pieces; equal neighbours of one kind are joined. The texts can be put together again from it. */
export function diffText(before: string, after: string): DiffPiece[] {
  let [a, b] = [words(before), words(after)];
  if (a.length * b.length > cellsAtMost) [a, b] = [lines(before), lines(after)];
  if (a.length * b.length > cellsAtMost) [a, b] = [[before], [after]];
  const width = b.length + 1;
  const table = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      table[i * width + j] =
        a[i] === b[j] ? table[(i + 1) * width + j + 1]! + 1 : Math.max(table[(i + 1) * width + j]!, table[i * width + j + 1]!);

  const pieces: DiffPiece[] = [];
  const push = (kind: DiffPiece['kind'], text: string): void => {
    const last = pieces.at(-1);
    if (last?.kind === kind) last.text += text;
    else pieces.push({ kind, text });
  };
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      push('same', a[i]!);
      i++;
      j++;
    } else if (j >= b.length || (i < a.length && table[(i + 1) * width + j]! >= table[i * width + j + 1]!)) push('removed', a[i++]!);
    else push('added', b[j++]!);
  }
  return pieces;
}
