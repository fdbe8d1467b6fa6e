// The inference runtime's seam turned into the trainer's: in a page both share one onnxruntime and its ways around its own copying.
import type { Runtime, Tensor } from '../../models/runtime';
import type { TrainRuntime } from '../../onnx/train/runtime';

export function trainRuntime(runtime: Runtime): TrainRuntime<Tensor> {
  return {
    webgpu: runtime.device === 'webgpu',
    async createSession(bytes) {
      const session = await runtime.createSession(bytes);
      const wanted = Object.fromEntries(session.outputNames.map(name => [name, null]));
      return { run: feeds => session.run(feeds, wanted), release: () => session.release() };
    },
    // A constructor that returns an object makes that object.
    Tensor: function (type: 'float32', data: Float32Array, dims: readonly number[]) {
      return runtime.tensor(type, data, dims);
    } as unknown as TrainRuntime<Tensor>['Tensor'],
  };
}
