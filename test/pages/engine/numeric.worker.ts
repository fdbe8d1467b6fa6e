// Runs the numeric cases of the graph surgery on a web runtime: rows with adapters against merged weights.
import { numericCases, runCase, type CaseResult } from '../../../src/onnx/fixtures/cases';
import type { FixtureRuntime } from '../../../src/onnx/fixtures/greedy';
import { poolForms } from '../../../src/models/fixtures/pool-forms';
import type { Runtime, Tensor } from '../../../src/models/runtime';
import { wasmRuntime, webgpuRuntime } from '../../../src/models/runtime-web';

const fixtureRuntime = (runtime: Runtime): FixtureRuntime<Tensor> => ({
  async createSession(model, request) {
    const session = await runtime.createSession(model, request);
    return {
      run: feeds => session.run(feeds, Object.fromEntries(session.outputNames.map(name => [name, null]))),
      release: () => session.release(),
    };
  },
  tensor: (type, data, dims) => runtime.tensor(type, data as Float32Array & Uint16Array & BigInt64Array, dims),
  read: async tensor => tensor.data as Float32Array,
});

self.onmessage = async ({
  data: { device, names, form, independent },
}: MessageEvent<{ device: 'wasm' | 'webgpu'; names: string[]; form: 'per row' | keyof typeof poolForms; independent: boolean }>) => {
  try {
    const runtime = fixtureRuntime(device === 'webgpu' ? await webgpuRuntime() : wasmRuntime(1));
    // Shaders are compiled anew for every session: the models with the adapter merged in run on the processor, as an independent reference.
    const processor = device === 'webgpu' ? fixtureRuntime(wasmRuntime(1)) : runtime;
    const results: Record<string, CaseResult> = {};
    for (const numeric of numericCases())
      if (names.includes(numeric.name)) {
        // Where activations are rounded to int8, the last bit of a float decides which way: only the same device rounds the same.
        const reference = numeric.scheme === 'int8-dynamic' && !independent ? runtime : processor;
        results[numeric.name] = await runCase(numeric, runtime, { reference, ...(form === 'per row' ? {} : { form: poolForms[form] }) });
      }
    self.postMessage(results);
  } catch (error) {
    self.postMessage({ failed: String(error) });
  }
};
