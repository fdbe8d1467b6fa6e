// Lets a journey train in the page: the product's own tuner, client and order runner.
import { createClient, type Client } from '../../../src/finetune/client';
import { memoryMemos } from '../../../src/finetune/memo';
import type { TuneOrder, TuneUpdate } from '../../../src/datasets/order';
import { runOrder } from '../../../src/finetune/run-order';
import { checkEndpoint } from '../../../src/finetune/check-endpoint';
import type { CheckReport } from '../../../src/finetune/check-report';
import { readAdapter } from '../../../src/onnx/peft';
import { openPageTuner, type PageTuner } from '../../../src/tuner/page';

const workers: Worker[] = [];
const restarts: string[] = [];
const updates: TuneUpdate[] = [];
let tuner: PageTuner | null = null;
let client: Client;

const codeOf = (error: unknown): string => {
  const { code, message } = error as { code?: string; message?: string };
  return `${code ?? 'none'}: ${message ?? String(error)}`;
};

let act: { at: number; what: 'kill' | 'reload' } | null = null;
const hear = (update: TuneUpdate): void => {
  updates.push(update);
  if (!act || update.type !== 'step' || update.step < act.at) return;
  const { what } = act;
  act = null;
  if (what === 'reload') location.reload();
  // As the system ends a process that is out of memory: no event tells of it.
  else workers.at(-1)!.terminate();
};

const api = {
  workers,
  /** Once this step is told, the tuner's worker ends without a word, or the page is loaded again. */
  when: (at: number, what: 'kill' | 'reload'): void => void (act = { at, what }),
  restarts,
  updates,
  async open(patience = 2000, device: 'wasm' | 'webgpu' = 'wasm'): Promise<string> {
    try {
      tuner = await openPageTuner({
        patience,
        device,
        onRestart: reason => restarts.push(reason),
        createWorker: () => {
          const worker = new Worker(new URL('../../../src/tuner/page.worker.ts', import.meta.url), { type: 'module' });
          workers.push(worker);
          return worker;
        },
      });
      client = createClient({ baseUrl: tuner.baseUrl, token: tuner.token, fetch: tuner.fetch, fewConnections: false });
      return 'open';
    } catch (error) {
      return codeOf(error);
    }
  },
  /** The same client at a server. */
  at(baseUrl: string, token: string): void {
    client = createClient({ baseUrl, token, fetch: (url, init) => fetch(url, init) });
  },
  close: () => tuner?.close(),
  fetch: async (path: string, init?: RequestInit) => {
    const response = await tuner!.fetch(`${tuner!.baseUrl}${path}`, init);
    return { status: response.status, body: (await response.json()) as unknown };
  },
  /** Names of all files that the endpoint still has. */
  async files(): Promise<string[]> {
    const response = await tuner!.fetch(`${tuner!.baseUrl}/v1/files`, { headers: { authorization: `Bearer ${tuner!.token}` } });
    const { data } = (await response.json()) as { data: { filename: string }[] };
    return data.map(({ filename }) => filename.split('/').at(-1)!).sort();
  },
  models: async () => (await client.models(new AbortController().signal)).map(({ id, tuner }) => ({ id, engine: tuner?.engine })),
  /** Runs an order to its end. @returns what came home, without the weights */
  async run(order: TuneOrder) {
    try {
      const tuned = await runOrder(client, order, hear, {
        signal: new AbortController().signal,
        remembered: memoryMemos(),
        app: 'test',
        tidy: 'all',
      });
      const { files, ...rest } = tuned;
      const config = files['adapter_config.json'];
      const adapter = config ? readAdapter(new TextDecoder().decode(config), files['adapter_model.safetensors']!) : null;
      return { ...rest, names: Object.keys(files).sort(), modules: adapter?.modules.size ?? 0 };
    } catch (error) {
      return { failed: codeOf(error) };
    }
  },
  jobs: () => client.jobs({}, new AbortController().signal),
  check: (baseUrl: string, token: string): Promise<CheckReport> =>
    checkEndpoint(
      {
        baseUrl,
        token,
        fetch: (url, init) => fetch(url, init),
        page: {
          origin: location.origin,
          protocol: location.protocol,
          hostname: location.hostname,
          secure: isSecureContext,
          narrowed: false,
        },
        permission: async name => {
          try {
            return (await navigator.permissions.query({ name: name as PermissionName })).state;
          } catch {
            return null;
          }
        },
        base: null,
      },
      new AbortController().signal,
    ),
};
export type TunerLab = typeof api;
declare global {
  interface Window {
    tuner: TunerLab;
  }
}
window.tuner = api;
