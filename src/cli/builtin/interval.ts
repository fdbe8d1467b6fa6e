// How sure a share is.

/** Wilson score interval at 95 % for `hits` of `n`, as shares. @throws RangeError when n is 0 */
export function wilson(hits: number, n: number): [low: number, high: number] {
  if (!(n > 0)) throw new RangeError('no observations');
  const z = 1.959964;
  const p = hits / n;
  const middle = p + (z * z) / (2 * n);
  const spread = z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  const scale = 1 + (z * z) / n;
  return [Math.max(0, (middle - spread) / scale), Math.min(1, (middle + spread) / scale)];
}

/** `56.3 % [52.3, 60.2]` */
export function percent(hits: number, n: number): string {
  const [low, high] = wilson(hits, n);
  const show = (x: number): string => (100 * x).toFixed(1);
  return `${show(hits / n)} % [${show(low)}, ${show(high)}]`;
}
