// Puts an engine together from a runtime and a model folder, telling its phases on the way.
import type { AdapterFiles } from '../onnx/peft';
import type { PlacedAdapter } from './adapters';
import { adapterForm, BaseModel, modelOn, noAdapters, SMALL_GRAPH, warmUp } from './base-model';
import type { Engine, EngineModelRef, LoadProgress, SelfCheck, TunedFiles } from './engine';
import { createEngine, type EngineParts } from './engine-core';
import { hashGraph } from './hash';
import { loadGraph, projectionsOf, type GraphFiles } from './load-graph';
import { probeModel } from './probe-model';
import { readModelConfig } from './model-config';
import { needJson, type ModelFolder } from './model-folder';
import { Roster } from './roster';
import type { Runtime } from './runtime';
import { readReferences } from './self-check-reference';
import { hashTuned, isAdapter, placeTuned } from './tuned-files';
import { verify } from './verify';
import type { WaveLimits } from './waves';

export interface AssembleOptions {
  base: EngineModelRef;
  dtype: string;
  runtime: Runtime;
  folder: ModelFolder;
  graph: GraphFiles;
  /** Reads the graph once more; with it a large one is not kept in memory. */
  reread?: () => Promise<GraphFiles>;
  /** By the id rows name them with. */
  adapters?: ReadonlyMap<string, AdapterFiles>;
  /** Like `adapters`, as files of a finetuning job. Any adapter gives the graph adapter inputs, which cost every row a little. */
  agents?: ReadonlyMap<string, TunedFiles>;
  limits?: Partial<WaveLimits>;
  /** What the user should know about the files, in words. */
  warnings?(): readonly string[];
  now(): number;
  breathe(): Promise<void>;
  onProgress?(progress: LoadProgress): void;
}

/** Keys and values of one batch may take this much. */
const CACHE_BYTES = 512 * 2 ** 20;

const sizeOf = ({ graph, external }: GraphFiles): number => external.reduce((sum, { data }) => sum + data.length, graph.length);

/** Hands the files out once and lets go of them. */
function onceThen(files: GraphFiles, reread: () => Promise<GraphFiles>): () => Promise<GraphFiles> {
  const held = [files];
  return async () => held.pop() ?? reread();
}

/** @throws EngineError `bad-model` when the folder is not usable, SelfCheckFailed when the device is not */
export const assemble = async (options: AssembleOptions, signal: AbortSignal): Promise<Engine> =>
  createEngine(await assembleParts(options, signal));

const encoded = (adapters: ReadonlyMap<string, AdapterFiles> = new Map()): [string, TunedFiles][] =>
  [...adapters].map(([id, files]) => [id, { ...files, 'adapter_config.json': new TextEncoder().encode(files['adapter_config.json']) }]);

/** What an engine is made of, loaded and checked; the bench and the recorder of references look inside. */
export async function assembleParts(options: AssembleOptions, signal: AbortSignal): Promise<EngineParts> {
  const { base, dtype, runtime, folder, reread, onProgress = () => undefined } = options;
  const agents = new Map([...encoded(options.adapters), ...(options.agents ?? [])]);
  const size = sizeOf(options.graph);
  const modelHash = await hashGraph(options.graph);
  const config = await readModelConfig(folder, signal);
  const references = await readReferences(folder, dtype, signal);
  const { projections, refusals } = projectionsOf(options.graph, config.widths);
  const adapters = new Map<string, { hash: string } & PlacedAdapter>();
  for (const [id, tuned] of agents)
    if (isAdapter(tuned)) adapters.set(id, { hash: await hashTuned(tuned), ...placeTuned(id, tuned, projections, refusals) });
  const mapped = new Map([...adapters].map(([id, { adapter }]) => [id, adapter]));

  const keep = options.graph;
  const files = reread && size > SMALL_GRAPH ? onceThen(keep, reread) : keeping(keep);
  const [token] = config.stops;
  onProgress({ phase: 'compile', done: 0, total: 1 });
  const shared = await BaseModel.load({ runtime, dtype, widths: config.widths, token: token!, size, files }, mapped);
  try {
    signal.throwIfAborted();
    const { model, loaded } = shared;
    onProgress({ phase: 'compile', done: 1, total: 1 });
    onProgress({ phase: 'warm-up', done: 0, total: 1 });
    await warmUp(model, token!);
    onProgress({ phase: 'warm-up', done: 1, total: 1 });
    signal.throwIfAborted();

    // Small graphs are checked with and without adapter inputs, whichever of the two was asked for.
    const small = size <= SMALL_GRAPH;
    const form = adapterForm(runtime, mapped, size);
    const probe = small ? await probeModel(runtime, await files(), form, config.widths) : null;
    const other = probe && shared.form !== 'plain' ? await loadGraph(runtime, await files(), { lora: false, widths: config.widths }) : null;
    let verdict;
    try {
      signal.throwIfAborted();
      const unchecked = `too large to be loaded twice${shared.form === 'plain' ? '; done when the first adapter comes' : ', and loaded with adapters'}`;
      const plain = other ? modelOn(runtime, other, noAdapters) : model;
      verdict = await verify({
        model,
        adapted: probe
          ? { plain, model: other ? model : probe.model, probe: probe.model }
          : small || !projections.length
            ? null
            : unchecked,
        references,
        dtype,
        onStep: (done, total) => {
          signal.throwIfAborted();
          onProgress({ phase: 'self-check', done, total });
        },
      });
    } finally {
      await probe?.release();
      await other?.session.release();
    }
    const ownLimits: WaveLimits = {
      rows: 32,
      prefillTokens: 8192,
      cacheTokens: Math.max(1, Math.floor(CACHE_BYTES / loaded.shape.bytesPerToken)),
      ...options.limits,
    };
    // The same words alone and in company come before speed.
    const limits = loaded.mixesRows || verdict.singly ? { ...ownLimits, rows: 1 } : ownLimits;
    const roster = new Roster(
      {
        runtime,
        base: shared,
        limits,
        ownLimits,
        projections,
        refusals,
        config: await needJson(folder, 'config.json', signal),
        token: token!,
      },
      adapters,
    );
    if (adapters.size < agents.size) await roster.adopt(agents, signal);
    const facts = { base, modelHash, dtype, device: runtime.device, runtime: runtime.name, parameters: loaded.parameters };
    const { now, breathe } = options;
    // The last word on adapters is that of the graph they are spoken with.
    const checks = (): SelfCheck[] => {
      const later = new Map(shared.checks.map(check => [check.name, check]));
      return verdict.checks.map(check => later.get(check.name) ?? check);
    };
    const warnings = (): string[] => [...(options.warnings?.() ?? []), ...roster.warnings];
    return { facts, model, roster, config, checks, warnings, now, breathe, dispose: () => roster.dispose() };
  } catch (error) {
    await shared.dispose();
    throw error;
  }
}

const keeping = (files: GraphFiles) => async (): Promise<GraphFiles> => files;
