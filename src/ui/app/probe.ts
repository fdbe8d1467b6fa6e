// Asks the browser for the facts that `capability.ts` turns into words.
import type { Facts } from './capability';

export async function probeGpu(): Promise<Pick<Facts, 'gpu' | 'shaderF16'>> {
  if (!('gpu' in navigator)) return { gpu: 'none', shaderF16: false };
  try {
    const adapter = await navigator.gpu.requestAdapter();
    if (!adapter) return { gpu: 'blocked', shaderF16: false };
    return { gpu: adapter.info.isFallbackAdapter ? 'fallback' : 'ready', shaderF16: adapter.features.has('shader-f16') };
  } catch {
    // Some drivers throw here instead of answering null; both mean that there is no adapter to be had.
    return { gpu: 'blocked', shaderF16: false };
  }
}

export async function probe(): Promise<Facts> {
  const { userAgentData, deviceMemory } = navigator as Navigator & { userAgentData?: { mobile: boolean }; deviceMemory?: number };
  return {
    ...(await probeGpu()),
    secure: isSecureContext,
    isolated: crossOriginIsolated,
    memory: deviceMemory ?? null,
    phone: userAgentData?.mobile ?? /Android|iPhone|iPad/.test(navigator.userAgent),
    cores: navigator.hardwareConcurrency,
  };
}
