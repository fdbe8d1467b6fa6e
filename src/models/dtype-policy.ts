// Which of a model's graphs to load on which device. The order is measured, not a matter of taste: see the comments.
import type { EngineDevice } from './runtime';

/** File endings as the hub's exporters write them. */
export const SUFFIXES = {
  fp32: '',
  fp16: '_fp16',
  q8: '_quantized',
  int8: '_int8',
  uint8: '_uint8',
  q4: '_q4',
  q4f16: '_q4f16',
} as const;

export type Dtype = keyof typeof SUFFIXES;

export const isDtype = (text: string): text is Dtype => Object.hasOwn(SUFFIXES, text);

export const graphPath = (dtype: Dtype): string => `onnx/model${SUFFIXES[dtype]}.onnx`;

export interface DeviceFacts {
  device: EngineDevice;
  /** WebGPU with 16-bit shaders. */
  halves: boolean;
}

/** Best first. */
export function preferredDtypes({ device, halves }: DeviceFacts): { order: Dtype[]; reason: string } {
  if (device === 'webgpu')
    return halves
      ? { order: ['q4f16', 'q4', 'fp16', 'fp32'], reason: 'this graphics card has 16-bit shaders' }
      : { order: ['q4', 'fp32'], reason: 'this graphics card has no 16-bit shaders' };
  // wasm unpacks 4-bit weights at every step, which costs eight to ten times the arithmetic.
  if (device === 'wasm') return { order: ['q8', 'int8', 'uint8', 'fp32', 'fp16'], reason: 'on the processor, 8-bit weights are fastest' };
  return { order: ['fp32', 'q8', 'int8', 'uint8', 'fp16'], reason: 'on the processor, full precision is the reference' };
}
