// From the bytes of a decoder's ONNX file to a session the engine can batch on.
import type { MappedAdapter } from '../onnx/feeds';
import { resolveProjections, type Projection, type Refusal, type Resolution } from '../onnx/resolve';
import { needsHalves } from '../onnx/needs-halves';
import { DataType, decodeModel, encodeModel, type ModelProto } from '../onnx/proto';
import { prepareGraph } from '../onnx/surgery';
import type { DecoderShape } from './decoder-shape';
import { decoderShape } from './decoder-shape';
import { EngineError } from './fault';
import { countParameters } from './parameters';
import { poolMatrices } from './pool-matrices';
import { bakePool, poolAdapters } from './pool-surgery';
import type { Runtime, Session } from './runtime';
import { addSlotOutputs } from './slot-outputs';

export interface GraphFiles {
  graph: Uint8Array;
  /** Further files the graph names, e.g. `model.onnx_data`. */
  external: { path: string; data: Uint8Array }[];
}

export interface LoadedGraph {
  session: Session;
  shape: DecoderShape;
  /** Projections with adapter inputs; none when loaded without. */
  modules: readonly Projection[];
  refusals: readonly Refusal[];
  /** The adapter inputs are one pool for all rows. */
  pooled: boolean;
  /** The pool is part of the graph. */
  baked: boolean;
  /** The prepared graph still quantises activations by the largest value of the whole batch, so a row's numbers depend on its neighbours. */
  mixesRows: boolean;
  parameters: number;
}

/** Name under which the edited graph refers to the bytes it was read from. */
const SELF = 'original.onnx';

type Widths = { q: number; kv: number } | undefined;

function decode(graph: Uint8Array): ModelProto {
  try {
    return decodeModel(graph);
  } catch (error) {
    throw new EngineError('bad-model', 'The ONNX file of this model could not be read.', 'Delete it and load it again.', error);
  }
}

function usable<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new EngineError('bad-model', `This graph cannot be used: ${reason}.`, undefined, error);
  }
}

/** Where adapters could go, told without a session. */
export const projectionsOf = ({ graph }: GraphFiles, widths?: Widths): Resolution =>
  usable(() => resolveProjections(decode(graph), widths));

/** Told without a session: a graphics card without 16-bit shaders cannot run it. */
export const graphNeedsHalves = ({ graph }: GraphFiles): boolean => needsHalves(decode(graph));

/** @param options.baked adapters that become part of the graph, where it can hold a pool */
export async function loadGraph(
  runtime: Runtime,
  files: GraphFiles,
  options: { lora: false | 'per-row' | 'pooled'; widths?: Widths; baked?: ReadonlyMap<string, MappedAdapter> },
): Promise<LoadedGraph> {
  const original = decode(files.graph);
  const prepared = usable(() =>
    prepareGraph(original, {
      lora: options.lora !== false,
      externalFile: SELF,
      ...(options.widths ? { widths: options.widths } : {}),
    }),
  );
  // Halves stay per row: the pool is fed in full precision.
  const pooled = options.lora === 'pooled' && prepared.modules.length > 0 && prepared.modules.every(m => m.dataType === DataType.float);
  const baked = pooled && options.baked;
  const inputs = pooled ? poolAdapters(prepared.model, prepared.modules) : prepared.model;
  const edited = baked ? bakePool(inputs, poolMatrices(prepared.modules, baked)) : inputs;
  const model = runtime.copiesOutputs ? addSlotOutputs(edited) : edited;
  const session = await runtime.createSession(encodeModel(model), {
    externalData: [{ path: SELF, data: files.graph }, ...files.external],
    onDevice: prepared.model.graph!.output.flatMap(o => (o.name?.startsWith('present.') ? [o.name] : [])),
  });
  try {
    return {
      session,
      shape: decoderShape(session),
      modules: prepared.modules,
      refusals: prepared.refusals,
      pooled,
      baked: Boolean(baked),
      mixesRows: prepared.mixesRows,
      parameters: countParameters(original),
    };
  } catch (error) {
    await session.release();
    throw error;
  }
}
