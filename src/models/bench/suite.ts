// Both measurements of one model on one runtime, in one process: what the table of `npm run bench` shows.
import { assembleParts, type AssembleOptions } from '../assemble';
import type { Engine, EngineMessage } from '../engine';
import { createEngine } from '../engine-core';
import { needJson } from '../model-folder';
import { benchAgainstGenerate, type AgainstGenerate } from './against-generate';
import { benchDecodeRatio, type DecodeRatio } from './decode-ratio';
import type { LibraryModel } from './library-generate';
import type { AdapterFiles } from '../../onnx/peft';
import type { Team } from '../team/team';
import { probeAdapters } from './probe-adapters';

export interface EngineBench {
  model: string;
  runtime: string;
  /** Graphics card, where it ran on one. */
  card?: string;
  parameters: number;
  decode: DecodeRatio;
  /** All engines that this machine gives a society. */
  against: AgainstGenerate & { engines: number };
  /** The same with one engine. */
  alone: AgainstGenerate;
}

export interface SuiteOptions {
  assemble: AssembleOptions;
  questions: readonly (readonly EngineMessage[])[];
  maxNewTokens: number;
  decodeSteps: number;
  rounds: number;
  /** The engines as the program makes them, with these adapters. */
  team(adapters: ReadonlyMap<string, AdapterFiles>): Promise<Team>;
  library(): Promise<LibraryModel>;
}

const AGENTS = ['one', 'two', 'three'];

/** Three agents with an adapter each, on every question. */
export async function benchEngine(options: SuiteOptions): Promise<EngineBench> {
  const { assemble, questions, maxNewTokens, decodeSteps, rounds } = options;
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
  const team = await options.team(adapters);
  const other = await options.library();
  try {
    const { generate } = other;
    const against = (ours: Engine): Promise<AgainstGenerate> =>
      benchAgainstGenerate({ engine: ours, adapters: AGENTS, questions, maxNewTokens, generate, now: assemble.now, rounds });
    const alone = await against(engine);
    // The others come with the first call that has work for them.
    await team.generate(rows, () => undefined, new AbortController().signal);
    await team.settled();
    // On a graphics card it stays the one; a lone engine on processors has them all.
    const together = { ...(assemble.runtime.device === 'webgpu' ? alone : await against(team)), engines: team.members };
    const { facts } = parts;
    return { model: facts.base.id, runtime: facts.runtime, parameters: facts.parameters, decode, against: together, alone };
  } finally {
    await other.dispose();
    await team.dispose();
    await engine.dispose();
  }
}
