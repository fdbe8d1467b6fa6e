// Both measurements of one model on one runtime, in one process: what the table of `npm run bench` shows.
import { assembleParts, type AssembleOptions } from '../assemble';
import type { EngineMessage } from '../engine';
import { createEngine } from '../engine-core';
import { needJson } from '../model-folder';
import { benchAgainstGenerate, type AgainstGenerate } from './against-generate';
import { benchDecodeRatio, type DecodeRatio } from './decode-ratio';
import type { LibraryModel } from './library-generate';
import { probeAdapters } from './probe-adapters';

export interface EngineBench {
  model: string;
  runtime: string;
  parameters: number;
  decode: DecodeRatio;
  against: AgainstGenerate;
}

export interface SuiteOptions {
  assemble: AssembleOptions;
  questions: readonly (readonly EngineMessage[])[];
  maxNewTokens: number;
  decodeSteps: number;
  rounds: number;
  library(): Promise<LibraryModel>;
}

const AGENTS = ['one', 'two', 'three'];

/** Three agents with an adapter each, on every question. */
export async function benchEngine({ assemble, questions, maxNewTokens, decodeSteps, rounds, library }: SuiteOptions): Promise<EngineBench> {
  const adapters = probeAdapters(await needJson(assemble.folder, 'config.json'), AGENTS);
  const parts = await assembleParts({ ...assemble, adapters }, new AbortController().signal);
  const rows = questions.flatMap((messages, q) =>
    AGENTS.map((adapter, agent) => ({
      id: `${q} ${agent}`,
      messages: [...messages],
      adapter,
      sampling: { temperature: 1, topK: 0, topP: 1, minP: 0, maxNewTokens },
      draw: { seed: 1, qid: `${q}`, agent, role: 'generator', round: 1, attempt: 0 },
    })),
  );
  const decode = await benchDecodeRatio(parts, rows, decodeSteps, rounds);
  const engine = createEngine(parts);
  const other = await library();
  try {
    const { generate } = other;
    const against = await benchAgainstGenerate({ engine, adapters: AGENTS, questions, maxNewTokens, generate, now: assemble.now, rounds });
    return { model: parts.facts.base.id, runtime: parts.facts.runtime, parameters: parts.facts.parameters, decode, against };
  } finally {
    await other.dispose();
    await engine.dispose();
  }
}
