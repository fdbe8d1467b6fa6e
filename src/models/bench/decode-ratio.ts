// What the engine's decode loop adds to the runtime: a whole step against the `session.run` inside it, same graph, same batch.
import type { Model } from '../batch';
import { Detokenizer } from '../detokenize';
import type { EngineParts } from '../engine-core';
import type { EngineRow } from '../engine';
import { speakWave } from '../speak';
import { median } from './median';

export interface DecodeRatio {
  rows: number;
  steps: number;
  /** Medians, ms per step. */
  stepMs: number;
  runMs: number;
  /** stepMs / runMs */
  ratio: number;
  /** Rows × steps per second of the whole loop. */
  tokensPerSecond: number;
}

/**
 * Every row samples at temperature 1 with top-p 0.95, keeps log-probabilities and grows its text, and none stops early, so the batch stays
 * as wide as it is. Both times are taken in the same steps: whatever else the machine does weighs on both.
 * @param rows their adapters and prompts are used; lengths and stops are not
 */
export async function benchDecodeRatio(parts: EngineParts, rows: readonly EngineRow[], steps: number, rounds = 3): Promise<DecodeRatio> {
  const { config, now } = parts;
  let inRun = 0;
  const { session } = parts.model;
  const model: Model = {
    ...parts.model,
    session: {
      inputNames: session.inputNames,
      outputNames: session.outputNames,
      inputMetadata: session.inputMetadata,
      outputMetadata: session.outputMetadata,
      release: () => session.release(),
      async run(feeds, fetches) {
        const started = now();
        const outputs = await session.run(feeds, fetches);
        inRun += now() - started;
        return outputs;
      },
    },
  };
  const wave = rows.map(row => ({
    row: { ...row, sampling: { temperature: 1, topK: 0, topP: 0.95, minP: 0, maxNewTokens: steps } },
    prompt: config.tokenizer.encode(config.tokenizer.render(row.messages)),
  }));
  const stepTimes: number[] = [];
  const runTimes: number[] = [];
  const detokenizer = new Detokenizer(config.tokenizer);
  for (let round = 0; round <= rounds; round++) {
    let last: { at: number; run: number } | null = null;
    const between = (): void => {
      const at = now();
      // The first step of a round follows the prefill, and the first round warms up.
      if (last && round > 0) {
        stepTimes.push(at - last.at);
        runTimes.push(inRun - last.run);
      }
      last = { at, run: inRun };
    };
    await speakWave(wave, { model, detokenizer, stops: new Set(), now, between, done: () => undefined }, new AbortController().signal);
  }
  const stepMs = median(stepTimes);
  const runMs = median(runTimes);
  return { rows: rows.length, steps, stepMs, runMs, ratio: stepMs / runMs, tokensPerSecond: (rows.length * 1000) / stepMs };
}
