// Loads a model inside the worker: device, files, session, self-check, and the next device when one fails.
import { assemble } from './assemble';
import { chooseFiles } from './choose-files';
import { describeFiles } from './describe-model';
import { decideDevice, sightGpu, type DeviceDecision } from './device-probe';
import type { Engine, LoadProgress } from './engine';
import { toFault } from './fault';
import { folderOf } from './folder-of';
import { browserCache } from './model-cache';
import type { AskFetch } from './permit';
import type { LoadRequest } from './protocol';
import { graphNeedsHalves } from './load-graph';
import { readGraph } from './read-graph';
import { SelfCheckFailed } from './verify';
import { wasmRuntime, webgpuRuntime } from './runtime-web';

/** A macrotask: the runtime finishes its promises without one, and messages would never come in. */
const breathe = (): Promise<void> =>
  new Promise(resolve => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });

/** Larger models share a step among several threads, where the page may use them; a small one would only wait for them. */
const SMALL_MODEL = 30_000_000;
const threadsFor = (bytes: number): number =>
  globalThis.crossOriginIsolated && bytes > SMALL_MODEL ? Math.max(1, Math.min(8, Math.ceil(navigator.hardwareConcurrency / 2))) : 1;

const NO_HALVES = 'this model has 16-bit numbers, and this graphics card cannot compute with those';

const onProcessor = (reason: string): DeviceDecision => ({
  facts: { device: 'wasm', halves: false },
  reason,
  fellBack: { from: 'webgpu', to: 'wasm', reason },
});

export interface LoadListener {
  onProgress(progress: LoadProgress): void;
  /** May a host be asked, may files be fetched. */
  ask: AskFetch;
}

export async function loadInWorker(request: LoadRequest, { onProgress, ask }: LoadListener, signal: AbortSignal): Promise<Engine> {
  const { ref, models, files, adapters, agents } = request;
  onProgress({ phase: 'check-device', done: 0, total: 1 });
  const choice = request.device;
  const first = decideDevice(
    ref,
    choice,
    choice === 'wasm' || (choice === 'auto' && ref.kind === 'builtin') ? { gpu: null, why: '' } : await sightGpu(),
  );
  const unkept: string[] = [];
  const { folder, permit } = folderOf(ref, {
    models,
    files,
    fetch: (url, init) => fetch(url, init),
    cache: browserCache(),
    ask,
    onUnkept: reason => unkept.push(`The model could not be kept in this browser and will be fetched again next time: ${reason}`),
  });

  const attempt = async (decision: DeviceDecision): Promise<Engine> => {
    const { facts, fellBack } = decision;
    const told = (progress: LoadProgress): void => onProgress(fellBack ? { ...progress, fellBack } : progress);
    told({ phase: 'check-device', done: 1, total: 1, ...(facts.device === 'cpu' ? {} : { device: facts.device }) });
    const chosen = await chooseFiles(folder, facts, ref.kind === 'hub' ? ref.dtype : undefined, signal);
    // Another device may want other files than those that were agreed to.
    await permit?.download(describeFiles(chosen, decision));
    const graph = await readGraph(folder, chosen, signal, (done, total) => told({ phase: 'download', done, total }));
    if (facts.device === 'webgpu' && !facts.halves && graphNeedsHalves(graph)) return attempt(onProcessor(NO_HALVES));
    const runtime = facts.device === 'webgpu' ? await webgpuRuntime() : wasmRuntime(threadsFor(graph.graph.length));
    return assemble(
      {
        base: ref,
        dtype: chosen.dtype,
        runtime,
        folder,
        graph,
        reread: () => readGraph(folder, chosen, new AbortController().signal),
        adapters,
        agents,
        now: () => performance.now(),
        breathe,
        onProgress: told,
        warnings: () => unkept,
      },
      signal,
    );
  };

  try {
    return await attempt(first);
  } catch (error) {
    signal.throwIfAborted();
    const { code, message } = toFault(error);
    // Only what a device can be blamed for: a missing file or a refusing server is the same on the next one.
    if (
      first.facts.device === 'wasm' ||
      code === 'network' ||
      code === 'aborted' ||
      code === 'auth' ||
      (code === 'bad-model' && !(error instanceof SelfCheckFailed))
    )
      throw error;
    return attempt(onProcessor(`WebGPU failed: ${message}`));
  }
}
