// A session of its own on which adapters are tried out, in the form that those of agents would have.
import type { MappedAdapter } from '../onnx/feeds';
import { AdapterShelf } from './adapters';
import { formOptions, modelOn, type AdapterForm } from './base-model';
import type { Model } from './batch';
import { loadGraph, projectionsOf, type GraphFiles } from './load-graph';
import type { Runtime } from './runtime';
import { PROBE, randomAdapter } from './self-check';

export interface ProbeModel {
  /** Knows the adapter `PROBE`. */
  model: Model;
  release(): Promise<void>;
}

/** @returns null for a graph without a place for adapters */
export async function probeModel(
  runtime: Runtime,
  files: GraphFiles,
  form: Exclude<AdapterForm, 'plain'>,
  widths?: { q: number; kv: number },
): Promise<ProbeModel | null> {
  const { projections } = projectionsOf(files, widths);
  if (!projections.length) return null;
  const adapters = new Map<string, MappedAdapter>([[PROBE, randomAdapter(projections)]]);
  const loaded = await loadGraph(runtime, files, { ...formOptions(form, adapters), widths });
  const shelf = new AdapterShelf(runtime, loaded.modules, adapters, loaded);
  return {
    model: modelOn(runtime, loaded, rows => shelf.inputs(rows)),
    async release() {
      shelf.dispose();
      await loaded.session.release();
    },
  };
}
