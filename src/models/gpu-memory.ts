// Tensors in buffers of the graphics card, on the device onnxruntime made.
import type { Tensor as OrtTensor } from 'onnxruntime-common';

import { toHalves } from '../onnx/half';
import type { DeviceMemory, Tensor } from './runtime';

export interface GpuTensors {
  device: GPUDevice;
  fromGpuBuffer(buffer: GPUBuffer, options: { dataType: 'float32' | 'float16'; dims: readonly number[] }): OrtTensor;
}

export interface GpuTensor extends Tensor {
  gpuBuffer: GPUBuffer;
}

const bytesPerElement = (type: string): number => (type === 'float16' ? 2 : 4);

export function gpuMemory({ device, fromGpuBuffer }: GpuTensors): DeviceMemory {
  const allocate = (type: 'float32' | 'float16', dims: readonly number[]): GpuTensor => {
    const bytes = dims.reduce((a, b) => a * b, bytesPerElement(type));
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const buffer = device.createBuffer({ size: Math.max(16, Math.ceil(bytes / 16) * 16), usage });
    const tensor = fromGpuBuffer(buffer, { dataType: type, dims }) as unknown as GpuTensor;
    // onnxruntime leaves the buffer to whoever made it.
    const dispose = tensor.dispose.bind(tensor);
    tensor.dispose = () => {
      dispose();
      buffer.destroy();
    };
    return tensor;
  };
  return {
    allocate(type, dims, data) {
      const tensor = allocate(type, dims);
      if (data) {
        const halves = type === 'float16' && data instanceof Float32Array ? toHalves(data) : data;
        const bytes = new Uint8Array(Math.ceil(halves.byteLength / 4) * 4);
        bytes.set(new Uint8Array(halves.buffer, halves.byteOffset, halves.byteLength));
        device.queue.writeBuffer(tensor.gpuBuffer, 0, bytes);
      }
      return tensor;
    },
    keepRows(tensor, rows) {
      const old = tensor as GpuTensor;
      const inner = old.dims.slice(1);
      const size = inner.reduce((a, b) => a * b, bytesPerElement(old.type));
      const kept = allocate(old.type as 'float32' | 'float16', [rows.length, ...inner]);
      const encoder = device.createCommandEncoder();
      rows.forEach((row, i) => encoder.copyBufferToBuffer(old.gpuBuffer, row * size, kept.gpuBuffer, i * size, size));
      device.queue.submit([encoder.finish()]);
      old.dispose();
      return kept;
    },
  };
}
