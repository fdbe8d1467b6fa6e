// The engine's measurements in a page's worker, on wasm or WebGPU.
import { chooseFiles } from '../../choose-files';
import type { EngineMessage } from '../../engine';
import { sightGpu } from '../../device-probe';
import type { Dtype } from '../../dtype-policy';
import { siteFolder } from '../../folder-site';
import { readGraph } from '../../read-graph';
import { wasmRuntime, webgpuRuntime } from '../../runtime-web';
import { createPageTeam } from '../../team/page';
import { libraryModel } from '../library-generate';
import { benchEngine } from '../suite';

export interface WebBenchRequest {
  /** URL of the folder that holds the model's folder, ending in a slash. */
  models: string;
  id: string;
  device: 'wasm' | 'webgpu';
  dtype: Dtype;
  /** Of wasm. */
  threads: number;
  questions: readonly (readonly EngineMessage[])[];
  maxNewTokens: number;
  decodeSteps: number;
  rounds: number;
}

/** A software adapter would measure the processor. @throws Error when there is no other */
async function needCard(): Promise<{ halves: boolean; name: string }> {
  const { gpu, why } = await sightGpu();
  if (!gpu) throw new Error(why);
  if (gpu.software) throw new Error('the only graphics adapter is a software one');
  const { vendor, architecture, description } = (await navigator.gpu.requestAdapter())!.info;
  return { halves: gpu.halves, name: [description || vendor, architecture].filter(Boolean).join(', ') };
}

const breathe = (): Promise<void> => new Promise(resolve => setTimeout(resolve, 0));

self.onmessage = async ({ data }: MessageEvent<WebBenchRequest>) => {
  const { models, id, device, dtype, threads, ...options } = data;
  try {
    const folder = siteFolder(new URL(`${id}/`, models).href, (url, init) => fetch(url, init));
    const signal = new AbortController().signal;
    const card = device === 'webgpu' ? await needCard() : null;
    const chosen = await chooseFiles(folder, { device, halves: card?.halves ?? false }, dtype, signal);
    const result = await benchEngine({
      ...options,
      assemble: {
        base: { kind: 'builtin', id },
        dtype,
        runtime: card ? await webgpuRuntime() : wasmRuntime(threads),
        folder,
        graph: await readGraph(folder, chosen, signal),
        now: () => performance.now(),
        breathe,
      },
      team: adapters => createPageTeam({ kind: 'builtin', id }, { models, adapters, device }),
      library: () => libraryModel(new URL(models).pathname, id, device, dtype),
    });
    self.postMessage({ result: { ...result, ...(card ? { card: card.name } : {}) } });
  } catch (error) {
    self.postMessage({ failed: error instanceof Error ? `${error.message}\n${error.stack}` : String(error) });
  }
};
