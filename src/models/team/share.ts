// How the rows of one call are cut and handed to several workers: whoever is free takes the next part.

/** Fewer rows than this are not worth a worker of their own: a pass over few rows takes hardly less time than one over some more. */
const FEWEST = 4;
/** More rows than this gain nothing by going through the model together. */
const MOST = 32;

/**
 * Parts of about equal size, as many for each worker; rows of one agent together, since a pass computes with the adapters of all its rows, and
 * of those rows of similar weight, the heaviest first. Indices of `weights`; a single part where there is too little to share.
 * @param weights what a row costs, in any unit
 * @param agents whose rows they are; all of one when left out
 */
export function cutParts(weights: readonly number[], workers: number, agents: readonly (string | null)[] = []): number[][] {
  const count = weights.length;
  const able = Math.max(1, Math.min(workers, Math.floor(count / FEWEST)));
  const place = new Map([...new Set(agents)].map((agent, i) => [agent, i]));
  const agentOf = (row: number): number => place.get(agents[row] ?? null) ?? 0;
  const order = weights.map((_, i) => i).sort((a, b) => agentOf(a) - agentOf(b) || weights[b]! - weights[a]! || a - b);
  const parts = able === 1 ? 1 : able * Math.ceil(count / (able * MOST));
  const cut = (part: number): number => Math.round((part * count) / parts);
  return Array.from({ length: count ? parts : 0 }, (_, part) => order.slice(cut(part), cut(part + 1)));
}

/**
 * Every worker takes parts until none is left; the first failure stops them all.
 * @param work hands back what it could not do, null when all is done; a worker that hands back is not asked again
 * @throws what the first failing worker threw, or the signal's reason
 */
export async function shareOut<W, P>(
  workers: readonly W[],
  parts: readonly P[],
  work: (worker: W, part: P, signal: AbortSignal) => Promise<P | null>,
  signal: AbortSignal,
): Promise<void> {
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  const queue = [...parts];
  await Promise.allSettled(
    workers.map(async worker => {
      for (let part = queue.shift(); part !== undefined; part = queue.shift()) {
        try {
          const rest = await work(worker, part, stop);
          if (rest !== null) return void queue.push(rest);
        } catch (error) {
          return failed.abort(error);
        }
      }
    }),
  );
  stop.throwIfAborted();
  // The others may have been done already when a part came back.
  if (queue.length) await shareOut(workers.slice(0, 1), queue, work, signal);
}
