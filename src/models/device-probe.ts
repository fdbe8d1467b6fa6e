// Which device to run a model on here, and why.
import type { DeviceChoice, EngineModelRef } from './engine';
import type { DeviceFacts } from './dtype-policy';

export interface DeviceDecision {
  facts: DeviceFacts;
  reason: string;
  /** Set when a device that was asked for cannot be had. */
  fellBack?: { from: string; to: string; reason: string };
}

export interface GpuSight {
  /** A software adapter: correct, and slower than wasm. */
  software: boolean;
  halves: boolean;
}

/** @returns null with the reason in `why` when there is no usable adapter */
export async function sightGpu(gpu: GPU | undefined = globalThis.navigator?.gpu): Promise<{ gpu: GpuSight | null; why: string }> {
  if (!gpu)
    return { gpu: null, why: globalThis.isSecureContext === false ? 'WebGPU needs https or localhost' : 'this browser has no WebGPU' };
  const adapter = await gpu.requestAdapter();
  if (!adapter) return { gpu: null, why: 'this browser has WebGPU but offers no graphics adapter' };
  const info = adapter.info as GPUAdapterInfo & { isFallbackAdapter?: boolean };
  const software =
    info.isFallbackAdapter === true || /swiftshader|llvmpipe|software/i.test(`${info.architecture} ${info.description} ${info.vendor}`);
  return { gpu: { software, halves: adapter.features.has('shader-f16') }, why: '' };
}

/** A model may name its device; else the wish of the user counts. */
export const wishOf = (ref: EngineModelRef, choice: DeviceChoice): DeviceChoice =>
  ref.kind === 'hub' && (ref.device === 'wasm' || ref.device === 'webgpu') ? ref.device : choice;

/**
 * The built-in model runs on wasm unless WebGPU is asked for: a step of it is 2 million multiplications per row, less than the cost of
 * starting its kernels and reading the logits back. A step of 24 rows took 7.8 ms on an NVIDIA H200, and 2 ms on one thread of a processor.
 */
export function decideDevice(ref: EngineModelRef, choice: DeviceChoice, sight: { gpu: GpuSight | null; why: string }): DeviceDecision {
  const wasm = (reason: string, fellBack?: DeviceDecision['fellBack']): DeviceDecision => ({
    facts: { device: 'wasm', halves: false },
    reason,
    ...(fellBack ? { fellBack } : {}),
  });
  const { gpu, why } = sight;
  if (choice === 'wasm') return wasm('asked for');
  if (choice === 'webgpu')
    return gpu
      ? { facts: { device: 'webgpu', halves: gpu.halves }, reason: 'asked for' }
      : wasm(why, { from: 'webgpu', to: 'wasm', reason: why });
  if (ref.kind === 'builtin') return wasm('a model this small is quicker on the processor');
  if (!gpu) return wasm(why);
  if (gpu.software) return wasm('the graphics adapter is a software one, slower than the processor');
  return { facts: { device: 'webgpu', halves: gpu.halves }, reason: 'this browser has WebGPU' };
}
