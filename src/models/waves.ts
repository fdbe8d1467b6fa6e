// Which rows go through the model together.

export interface WaveLimits {
  /** Rows of one batch. */
  rows: number;
  /** Padded prompt tokens of one prefill: it cannot be interrupted, so it must not last. */
  prefillTokens: number;
  /** Padded tokens of prompt and answer the caches of one batch may hold. */
  cacheTokens: number;
}

export interface Sized {
  promptTokens: number;
  maxNewTokens: number;
}

/** Batches of neighbours in length, longest first, so that little is padded and the slowest batch does not come last. Indices of `rows`. */
export function planWaves(rows: readonly Sized[], limits: WaveLimits): number[][] {
  const order = rows.map((_, i) => i).sort((a, b) => rows[b]!.promptTokens - rows[a]!.promptTokens || a - b);
  const waves: number[][] = [];
  let wave: number[] = [];
  let widest = 0;
  let longest = 0;
  for (const i of order) {
    const { promptTokens, maxNewTokens } = rows[i]!;
    const wider = Math.max(widest, promptTokens);
    const longer = Math.max(longest, promptTokens + maxNewTokens);
    const count = wave.length + 1;
    if (wave.length && (count > limits.rows || wider * count > limits.prefillTokens || longer * count > limits.cacheTokens)) {
      waves.push(wave);
      wave = [];
      widest = promptTokens;
      longest = promptTokens + maxNewTokens;
    } else {
      widest = wider;
      longest = longer;
    }
    wave.push(i);
  }
  if (wave.length) waves.push(wave);
  return waves;
}

/** Fewer rows than this in each part, and parting them costs more than it saves. */
const FEWEST = 8;

/**
 * Rows whose pass computes with the adapters of all its agents, parted so that each part has few agents.
 * @param most agents of a part, where there are rows enough
 */
export function byCompany<T>(rows: readonly T[], agentOf: (row: T) => string | null, most: number): T[][] {
  const agents = [...new Set(rows.map(agentOf))];
  const parts = Math.max(1, Math.min(Math.ceil(agents.length / most), Math.floor(rows.length / FEWEST)));
  const part = new Map(agents.map((agent, i) => [agent, Math.floor((i * parts) / agents.length)]));
  return Array.from({ length: parts }, (_, at) => rows.filter(row => part.get(agentOf(row)) === at));
}
