// onnxruntime-web behind the engine's runtime seam; only the worker imports this.
import * as ort from 'onnxruntime-web/webgpu';
import asyncLoader from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.mjs?url';
import asyncWasm from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url';
import plainLoader from 'onnxruntime-web/ort-wasm-simd-threaded.mjs?url';
import plainWasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';

import { gpuMemory } from './gpu-memory';
import { watchGpu, type GpuWatch } from './gpu-watch';
import { HeapSession, sessionAddress } from './heap-session';
import { heapMemory } from './heap-tensor';
import { hideFeatures } from './hide-features';
import factory from './ort-factory.mjs?url&no-inline';
import { announceLoader, capturedModule } from './ort-module';
import type { DeviceMemory, Runtime, Session } from './runtime';

const here = (url: string): string => new URL(url, self.location.href).href;

/**
 * The build that can wait for a graphics card is twice as large, and for the processor it is worse than slow: in its code one function of 1.2 MB
 * becomes hot, and Chromium's compiler takes a processor away for 13 s once several engines run (Chromium 150, two processors).
 */
const builds = { wasm: { loader: plainLoader, wasm: plainWasm }, webgpu: { loader: asyncLoader, wasm: asyncWasm } };

/** The build of this worker: there can be one, and the one for graphics cards does both. */
let build: (typeof builds)[keyof typeof builds] | undefined;

/** Every file of the runtime comes from this site; by default some would be fetched from a public server. The first call decides on the build. */
function configure(device: keyof typeof builds, threads: number): void {
  const { loader, wasm } = (build ??= builds[device]);
  announceLoader(here(loader));
  ort.env.wasm.wasmPaths = { mjs: here(factory), wasm: here(wasm) };
  ort.env.wasm.numThreads = threads;
  ort.env.logLevel = 'error';
}

const name = (): string => `onnxruntime-web ${ort.env.versions.web ?? ort.env.versions.common}`;
const tensor: Runtime['tensor'] = (type, data, dims) => new ort.Tensor(type, data as Float32Array, dims);

/** @param threads 1 unless the page is cross-origin isolated */
export function wasmRuntime(threads: number): Runtime {
  configure('wasm', threads);
  let memory: DeviceMemory | undefined;
  return {
    device: 'wasm',
    get name() {
      return `${name()}, ${ort.env.wasm.numThreads} thread${ort.env.wasm.numThreads === 1 ? '' : 's'}`;
    },
    get memory() {
      return memory;
    },
    async createSession(model, { externalData } = {}) {
      const session = await ort.InferenceSession.create(model, {
        executionProviders: ['wasm'],
        logSeverityLevel: 3,
        ...(externalData ? { externalData } : {}),
      });
      const module = capturedModule();
      const address = sessionAddress(session);
      // Without the module the session still works, by copying.
      if (!module || address === undefined) return session as unknown as Session;
      memory = heapMemory(module);
      return new HeapSession(module, address, session);
    },
    tensor,
  };
}

/** @throws Error when there is no adapter, or it gives no device */
export async function webgpuRuntime(): Promise<Runtime> {
  const adapter = await navigator.gpu?.requestAdapter();
  if (!adapter) throw new Error('no graphics adapter');
  hideFeatures();
  // onnxruntime waits for ever for a device that it is refused.
  (await adapter.requestDevice()).destroy();
  configure('webgpu', 1);
  let memory: DeviceMemory | undefined;
  let watch: (GpuWatch & { device: GPUDevice }) | undefined;
  return {
    device: 'webgpu',
    get name() {
      return name();
    },
    get memory() {
      return memory;
    },
    async createSession(model, { externalData, onDevice = [] } = {}) {
      const session = await ort.InferenceSession.create(model, {
        executionProviders: ['webgpu'],
        logSeverityLevel: 3,
        preferredOutputLocation: Object.fromEntries(onDevice.map(o => [o, 'gpu-buffer' as const])),
        ...(externalData ? { externalData } : {}),
      });
      // One device for all sessions of this worker that stand at the same time; when the last is released onnxruntime destroys it, and the
      // next session brings another.
      const device = (await ort.env.webgpu.device) as GPUDevice;
      if (watch?.device !== device) watch = { device, ...watchGpu(device) };
      memory = gpuMemory({ device, fromGpuBuffer: (buffer, options) => ort.Tensor.fromGpuBuffer(buffer, options) });
      return watchedSession(session as unknown as Session, watch);
    },
    tensor,
  };
}

const watchedSession = (session: Session, watch: GpuWatch): Session => ({
  inputNames: session.inputNames,
  outputNames: session.outputNames,
  inputMetadata: session.inputMetadata,
  outputMetadata: session.outputMetadata,
  run: (feeds, fetches) => watch.orLost(() => session.run(feeds, fetches)),
  release: () => session.release(),
});
