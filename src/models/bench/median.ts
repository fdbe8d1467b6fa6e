/** The middle value; of an even count, the upper one of the two in the middle. @throws RangeError when there is none */
export function median(values: readonly number[]): number {
  const middle = [...values].sort((a, b) => a - b)[values.length >> 1];
  if (middle === undefined) throw new RangeError('a median needs a value');
  return middle;
}
