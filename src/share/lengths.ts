// Token ends as one character per token: small numbers that repeat, which deflate likes.

const digits = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** @param ends non-decreasing offsets; '' when a token is longer than the alphabet reaches, or offsets go back */
export function packEnds(ends: readonly number[]): string {
  let packed = '';
  let last = 0;
  for (const end of ends) {
    const digit = digits[end - last];
    if (digit === undefined) return '';
    packed += digit;
    last = end;
  }
  return packed;
}

/** Null when it is no packing of ends. */
export function unpackEnds(packed: string): number[] | null {
  const ends: number[] = [];
  let last = 0;
  for (const digit of packed) {
    const length = digits.indexOf(digit);
    if (length < 0) return null;
    ends.push((last += length));
  }
  return ends;
}
