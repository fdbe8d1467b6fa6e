// A guard for features of graphics adapters with which onnxruntime computes wrongly, or not at all.

/** Not every browser tells these. */
interface Info {
  subgroupMinSize?: number;
  isFallbackAdapter?: boolean;
}

/** Attention kernels are wrong with tiny subgroups: prefills of 32 tokens and more were, with subgroups of 4 (SwiftShader). */
const tinySubgroups = ({ isFallbackAdapter, subgroupMinSize = 0 }: Info): boolean =>
  isFallbackAdapter === true || (subgroupMinSize > 0 && subgroupMinSize < 8);

/**
 * What onnxruntime should not see of an adapter. Experiments of the browser are among it: with `chromium-experimental-subgroup-matrix` (Chrome
 * 150 with unsafe WebGPU, NVIDIA H200) its 4-bit product writes a shader that does not compile.
 */
export const isHidden = (feature: string, info: Info): boolean =>
  feature.startsWith('chromium-experimental-') || (feature.startsWith('subgroup') && tinySubgroups(info));

let hidden = false;

/** Whoever asks an adapter for a device afterwards gets it without them. Must run before onnxruntime makes its own. */
export function hideFeatures(): void {
  if (hidden) return;
  hidden = true;
  const prototype = GPUAdapter.prototype;
  const features = Object.getOwnPropertyDescriptor(prototype, 'features')!;
  const request = prototype.requestDevice;
  const kept = (adapter: GPUAdapter, names: Iterable<string>): string[] => [...names].filter(name => !isHidden(name, adapter.info));
  Object.defineProperty(prototype, 'features', {
    ...features,
    get(this: GPUAdapter) {
      return new Set(kept(this, features.get!.call(this) as GPUSupportedFeatures));
    },
  });
  prototype.requestDevice = function (this: GPUAdapter, descriptor) {
    const wanted = descriptor?.requiredFeatures;
    return request.call(this, wanted ? { ...descriptor, requiredFeatures: kept(this, wanted) as GPUFeatureName[] } : descriptor);
  };
}
