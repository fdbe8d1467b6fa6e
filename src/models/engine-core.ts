// The society engine over any runtime: rows of different agents in, their answers out.
import type { Model } from './batch';
import { Detokenizer } from './detokenize';
import type { Engine, EngineFacts, EngineOutput, EngineRow, EngineUpdate, ProbeReport, ScoreRow, SelfCheck, TokenPiece } from './engine';
import { EngineError, toFault } from './fault';
import type { ModelConfig } from './model-config';
import { probeAgent } from './probe';
import type { Roster, Voice } from './roster';
import { scoreTexts, type ScoredText } from './score';
import { speakWave, type Speaker, type SpeakingRow } from './speak';
import { byCompany, planWaves } from './waves';

export interface EngineParts {
  facts: EngineFacts;
  /** The base as it was loaded. */
  model: Model;
  roster: Roster;
  config: ModelConfig;
  checks(): readonly SelfCheck[];
  warnings(): readonly string[];
  /** Milliseconds. */
  now(): number;
  /** Lets other events in; called between steps, at most every `pace` milliseconds. */
  breathe(): Promise<void>;
  dispose(): Promise<void>;
}

/** Shortest time between two text updates, in ms: the eye gains nothing from more. */
const PACE = 30;
export function createEngine(parts: EngineParts): Engine {
  const { facts, roster, config, now } = parts;
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
  const check = (tokens: number, room: number): void => {
    if (tokens + room > context)
      throw new EngineError(
        'too-long',
        `The prompt has ${tokens} tokens; this model reads ${context}.`,
        'Share summaries instead of whole solutions, or show fewer peers.',
      );
  };

  async function generate(rows: readonly EngineRow[], on: (update: EngineUpdate) => void, signal: AbortSignal): Promise<void> {
    const ready: (SpeakingRow & { voice: Voice })[] = [];
    for (const row of rows) {
      try {
        const prompt = promptOf(row.messages);
        const voice = roster.voice(row.adapter);
        check(prompt.length, 1);
        const maxNewTokens = Math.min(row.sampling.maxNewTokens, context - prompt.length);
        ready.push({ prompt, voice, row: { ...row, adapter: voice.adapter, sampling: { ...row.sampling, maxNewTokens } } });
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
    for (const { voice, rows: own } of byModel(ready)) {
      const sized = own.map(r => ({ promptTokens: r.prompt.length, maxNewTokens: r.row.sampling.maxNewTokens }));
      for (const wave of planWaves(sized, voice.limits)) {
        signal.throwIfAborted();
        const done = new Set<string>();
        const speech = {
          model: voice.model,
          detokenizer,
          stops,
          now,
          between,
          done: (output: EngineOutput) => {
            done.add(output.id);
            on({ type: 'done', output });
          },
        };
        try {
          await speakWave(
            wave.map(i => own[i]!),
            speech,
            signal,
          );
        } catch (error) {
          if (signal.aborted) throw error;
          const fault = toFault(error);
          if (fault.code === 'device-lost' || fault.code === 'out-of-memory') throw error;
          for (const i of wave) if (!done.has(own[i]!.row.id)) on({ type: 'failed', id: own[i]!.row.id, error: fault });
        }
      }
    }
  }

  /** ln p of the wanted tokens of each text. */
  async function likelihoods(texts: readonly (ScoredText & { voice: Voice })[], signal: AbortSignal): Promise<number[][]> {
    const out = new Map<ScoredText, number[]>();
    for (const { voice, rows } of byModel(texts)) {
      for await (const scored of scoreTexts(voice.model, rows, voice.limits, signal)) {
        for (const [text, logprobs] of scored) out.set(text, logprobs);
        await parts.breathe();
      }
    }
    return texts.map(text => out.get(text)!);
  }

  async function score(rows: readonly ScoreRow[], signal: AbortSignal): Promise<{ tokens: TokenPiece[]; logprobs: number[] }[]> {
    const texts = rows.map(row => {
      const prompt = promptOf(row.messages);
      const text = tokenizer.encode(row.text);
      const voice = roster.voice(row.adapter);
      check(prompt.length, text.length);
      const targets = text.map((_, i) => prompt.length + i);
      return { tokens: [...prompt, ...text], targets, text, voice, adapter: voice.adapter };
    });
    const logprobs = await likelihoods(texts, signal);
    return texts.map(({ text }, row) => ({ tokens: pieces(text), logprobs: logprobs[row]! }));
  }

  const probe = (agent: string, file: Uint8Array, signal: AbortSignal): Promise<ProbeReport> =>
    probeAgent(file, {
      vocabulary: parts.model.shape.vocabulary,
      context,
      dtype: facts.dtype,
      likelihoods: (rows, tuned) => {
        const voice = roster.voice(tuned ? agent : null);
        return likelihoods(
          rows.map(row => ({ ...row, voice, adapter: voice.adapter })),
          signal,
        );
      },
    });

  const pieces = (ids: readonly number[]): TokenPiece[] => ids.map(id => ({ id, text: tokenizer.piece(id) }));

  return {
    facts,
    get checks() {
      return parts.checks();
    },
    get warnings() {
      return parts.warnings();
    },
    maxContext: context,
    generate: (rows, on, signal) => inTurn(() => generate(rows, on, signal)),
    score: (rows, signal) => inTurn(() => score(rows, signal)),
    adopt: (agents, signal) => inTurn(() => roster.adopt(agents, signal)),
    probe: (agent, file, signal) => inTurn(() => probe(agent, file, signal)),
    async tokenize(messages) {
      const text = tokenizer.render(messages);
      return { text, tokens: pieces(tokenizer.encode(text)) };
    },
    dispose: () => inTurn(parts.dispose),
  };
}

/** Rows that go through the same weights together, in the order in which the models are first asked for. */
function byModel<T extends { voice: Voice }>(rows: readonly T[]): { voice: Voice; rows: T[] }[] {
  const groups = new Map<Model, { voice: Voice; rows: T[] }>();
  for (const row of rows) {
    const group = groups.get(row.voice.model) ?? { voice: row.voice, rows: [] };
    group.rows.push(row);
    groups.set(row.voice.model, group);
  }
  return [...groups.values()].flatMap(({ voice, rows: own }) =>
    byCompany(own, row => row.voice.adapter, voice.model.mostAgents).map(part => ({ voice, rows: part })),
  );
}
