// A guard for graphics adapters with tiny subgroups.

/** Whether onnxruntime's attention kernels are wrong there: prefills of 32 tokens and more were, with subgroups of 4 (SwiftShader). */
export const needsHiding = (info: GPUAdapterInfo & { subgroupMinSize?: number; isFallbackAdapter?: boolean }): boolean =>
  info.isFallbackAdapter === true || (info.subgroupMinSize !== undefined && info.subgroupMinSize > 0 && info.subgroupMinSize < 8);

let hidden = false;

/** Hides subgroup features from whoever asks an adapter for a device afterwards. Must run before onnxruntime makes its own. */
export function hideSubgroups(): void {
  if (hidden) return;
  hidden = true;
  const keep = (feature: string): boolean => !feature.startsWith('subgroup');
  const prototype = GPUAdapter.prototype;
  const features = Object.getOwnPropertyDescriptor(prototype, 'features')!;
  const request = prototype.requestDevice;
  Object.defineProperty(prototype, 'features', {
    ...features,
    get(this: GPUAdapter) {
      return new Set([...(features.get!.call(this) as GPUSupportedFeatures)].filter(keep));
    },
  });
  prototype.requestDevice = function (this: GPUAdapter, descriptor) {
    const wanted = descriptor?.requiredFeatures;
    return request.call(this, wanted ? { ...descriptor, requiredFeatures: [...wanted].filter(keep) } : descriptor);
  };
}
