// Lets the product's own engine speak for the evaluation.
import type { Engine, EngineRow } from '../../models/engine';
import type { Speak } from './evaluate';

/** All draws of an evaluation follow from it, on the same backend. */
export const evaluationSeed = 1;

/** Draws depend on the label and the place of the chat among its like, as a debate's do on question, agent and round. */
export const speakWith =
  (engine: Engine, difficulty: string): Speak =>
  async (label, chats, temperature) => {
    const rows: EngineRow[] = chats.map((messages, i) => ({
      id: String(i),
      messages,
      adapter: null,
      sampling: { temperature, topK: 0, topP: 1, minP: 0, maxNewTokens: 160 },
      draw: { seed: evaluationSeed, qid: `${difficulty} ${i}`, agent: 0, role: label, round: 1, attempt: 0 },
    }));
    const texts = new Array<string>(rows.length);
    const failures: string[] = [];
    await engine.generate(
      rows,
      update => {
        if (update.type === 'done') texts[Number(update.output.id)] = update.output.text;
        if (update.type === 'failed') failures.push(`${update.id}: ${update.error.message}`);
      },
      new AbortController().signal,
    );
    if (failures.length) throw new Error(`${failures.length} rows failed, first ${failures[0]}`);
    return texts;
  };
