// Small whole numbers as int64 tensors want them, without a BigInt object for each: a step makes hundreds.

/** @param at of each place, a whole number from 0 to 2^31 − 1 */
export function int64s(count: number, at: (index: number) => number): BigInt64Array {
  const values = new BigInt64Array(count);
  // The low halves: every platform that runs JavaScript today keeps them first.
  const low = new Int32Array(values.buffer);
  for (let i = 0; i < count; i++) low[2 * i] = at(i);
  return values;
}
