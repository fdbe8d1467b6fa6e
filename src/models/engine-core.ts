// The society engine over any runtime: rows of different agents in, their answers out.
import type { AdapterShelf } from './adapters';
import type { Model } from './batch';
import { Detokenizer } from './detokenize';
import type { Engine, EngineFacts, EngineRow, EngineUpdate, ScoreRow, SelfCheck, TokenPiece } from './engine';
import { EngineError, toFault } from './fault';
import type { ModelConfig } from './model-config';
import { scoreWave } from './score';
import { speakWave, type Speaker, type SpeakingRow } from './speak';
import { planWaves, type WaveLimits } from './waves';

export interface EngineParts {
  facts: EngineFacts;
  model: Model;
  config: ModelConfig;
  adapters: AdapterShelf;
  limits: WaveLimits;
  checks: readonly SelfCheck[];
  /** Milliseconds. */
  now(): number;
  /** Lets other events in; called between steps, at most every `pace` milliseconds. */
  breathe(): Promise<void>;
  dispose(): Promise<void>;
}

/** Shortest time between two text updates, in ms: the eye gains nothing from more. */
const PACE = 30;
/** Logits of one scoring run, in numbers. */
const SCORE_BUDGET = 8_000_000;

export function createEngine(parts: EngineParts): Engine {
  const { facts, model, config, adapters, limits, now } = parts;
  const { tokenizer, stops, context } = config;
  const detokenizer = new Detokenizer(tokenizer);
  // One call at a time: two would only share the same cores, and each would take longer.
  let queue: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = queue.then(work, work);
    queue = result.catch(() => undefined);
    return result;
  };
  const promptOf = (messages: ScoreRow['messages']): number[] => tokenizer.encode(tokenizer.render(messages));
  const check = (row: { adapter: string | null }, tokens: number, room: number): void => {
    if (row.adapter !== null && !adapters.has(row.adapter)) throw new EngineError('bad-model', `The adapter ${row.adapter} is not loaded.`);
    if (tokens + room > context)
      throw new EngineError(
        'too-long',
        `The prompt has ${tokens} tokens; this model reads ${context}.`,
        'Share summaries instead of whole solutions, or show fewer peers.',
      );
  };

  async function generate(rows: readonly EngineRow[], on: (update: EngineUpdate) => void, signal: AbortSignal): Promise<void> {
    const ready: SpeakingRow[] = [];
    for (const row of rows) {
      try {
        const prompt = promptOf(row.messages);
        check(row, prompt.length, 1);
        const maxNewTokens = Math.min(row.sampling.maxNewTokens, context - prompt.length);
        ready.push({ prompt, row: { ...row, sampling: { ...row.sampling, maxNewTokens } } });
      } catch (error) {
        on({ type: 'failed', id: row.id, error: toFault(error) });
      }
    }
    let told = now();
    const toldTokens = new Map<string, number>();
    const between = async (live: readonly Speaker[]): Promise<void> => {
      if (now() - told < PACE) return;
      for (const { id, text, newTokens } of live) {
        if (toldTokens.get(id) === newTokens) continue;
        toldTokens.set(id, newTokens);
        on({ type: 'text', id, text, newTokens });
      }
      await parts.breathe();
      told = now();
    };
    const sized = ready.map(r => ({ promptTokens: r.prompt.length, maxNewTokens: r.row.sampling.maxNewTokens }));
    for (const wave of planWaves(sized, limits)) {
      signal.throwIfAborted();
      const done = new Set<string>();
      try {
        await speakWave(
          wave.map(i => ready[i]!),
          {
            model,
            detokenizer,
            stops,
            now,
            between,
            done: output => {
              done.add(output.id);
              on({ type: 'done', output });
            },
          },
          signal,
        );
      } catch (error) {
        if (signal.aborted) throw error;
        const fault = toFault(error);
        if (fault.code === 'device-lost' || fault.code === 'out-of-memory') throw error;
        for (const i of wave) if (!done.has(ready[i]!.row.id)) on({ type: 'failed', id: ready[i]!.row.id, error: fault });
      }
    }
  }

  async function score(rows: readonly ScoreRow[], signal: AbortSignal): Promise<{ tokens: TokenPiece[]; logprobs: number[] }[]> {
    const texts = rows.map(row => {
      const prompt = promptOf(row.messages);
      const text = tokenizer.encode(row.text);
      check(row, prompt.length, text.length);
      return { prompt, text, adapter: row.adapter };
    });
    const out: { tokens: TokenPiece[]; logprobs: number[] }[] = [];
    const sized = texts.map(t => ({ promptTokens: t.prompt.length + t.text.length, maxNewTokens: 0 }));
    for (const wave of planWaves(sized, limits)) {
      signal.throwIfAborted();
      const logprobs = await scoreWave(
        model,
        wave.map(i => texts[i]!),
        Math.max(1, Math.floor(SCORE_BUDGET / (wave.length * model.shape.vocabulary))),
      );
      wave.forEach((i, n) => (out[i] = { tokens: pieces(texts[i]!.text), logprobs: logprobs[n]! }));
      await parts.breathe();
    }
    return out;
  }

  const pieces = (ids: readonly number[]): TokenPiece[] => ids.map(id => ({ id, text: tokenizer.piece(id) }));

  return {
    facts,
    checks: parts.checks,
    maxContext: context,
    generate: (rows, on, signal) => inTurn(() => generate(rows, on, signal)),
    score: (rows, signal) => inTurn(() => score(rows, signal)),
    async tokenize(messages) {
      const text = tokenizer.render(messages);
      return { text, tokens: pieces(tokenizer.encode(text)) };
    },
    dispose: () => inTurn(parts.dispose),
  };
}
