// The engine's measurements in a page's worker, on wasm.
import { chooseFiles } from '../../choose-files';
import type { EngineMessage } from '../../engine';
import { siteFolder } from '../../folder-site';
import { readGraph } from '../../read-graph';
import { wasmRuntime } from '../../runtime-web';
import { createPageTeam } from '../../team/page';
import { libraryModel } from '../library-generate';
import { benchEngine } from '../suite';

export interface WebBenchRequest {
  /** URL of the folder that holds the model's folder, ending in a slash. */
  models: string;
  id: string;
  threads: number;
  questions: readonly (readonly EngineMessage[])[];
  maxNewTokens: number;
  decodeSteps: number;
  rounds: number;
}

const breathe = (): Promise<void> => new Promise(resolve => setTimeout(resolve, 0));

self.onmessage = async ({ data }: MessageEvent<WebBenchRequest>) => {
  const { models, id, threads, ...options } = data;
  try {
    const folder = siteFolder(new URL(`${id}/`, models).href, (url, init) => fetch(url, init));
    const signal = new AbortController().signal;
    const chosen = await chooseFiles(folder, { device: 'wasm', halves: false }, 'fp32', signal);
    const result = await benchEngine({
      ...options,
      assemble: {
        base: { kind: 'builtin', id },
        dtype: 'fp32',
        runtime: wasmRuntime(threads),
        folder,
        graph: await readGraph(folder, chosen, signal),
        now: () => performance.now(),
        breathe,
      },
      team: adapters => createPageTeam({ kind: 'builtin', id }, { models, adapters, device: 'wasm' }),
      library: () => libraryModel(new URL(models).pathname, id, 'wasm'),
    });
    self.postMessage({ result });
  } catch (error) {
    self.postMessage({ failed: error instanceof Error ? `${error.message}\n${error.stack}` : String(error) });
  }
};
