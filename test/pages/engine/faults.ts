// Faults of a graphics card, planted before the engine's worker begins (which one is the name of the worker), and a look at its memory.
import { capturedModule } from '../../../src/models/ort-module';

const adapter = globalThis.GPUAdapter?.prototype;

if (adapter) {
  const request = adapter.requestDevice;
  adapter.requestDevice = async function (...of) {
    if (self.name === 'no-device') throw new DOMException('The graphics driver is gone.', 'OperationError');
    return request.apply(this, of);
  };
  // The software adapter computes long prompts wrongly with subgroups; the engine hides them unless the adapter looks like real hardware.
  if (self.name === 'wrong-kernels')
    Object.defineProperty(adapter, 'info', {
      get: () => ({ vendor: 'acme', architecture: 'real', subgroupMinSize: 32, subgroupMaxSize: 32, isFallbackAdapter: false }),
    });
}

// Ahead of the engine, which would not know what to make of it.
self.addEventListener('message', event => {
  if (typeof event.data !== 'string') return;
  event.stopImmediatePropagation();
  if (event.data === 'tell the heap') self.postMessage({ heap: capturedModule()?.HEAPU8.buffer.byteLength ?? null });
});
