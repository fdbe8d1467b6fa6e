// What this browser can run, said before anything is tried. Replay and viewing always work, so nothing here closes the page.

export interface Facts {
  secure: boolean;
  /** Cross-origin isolated: wasm may use threads. */
  isolated: boolean;
  gpu: 'none' | 'blocked' | 'fallback' | 'ready';
  shaderF16: boolean;
  /** GB as the browser tells it (rounded, capped at 8), or null where it does not. */
  memory: number | null;
  phone: boolean;
  cores: number;
}

export interface Finding {
  id: 'insecure' | 'no-webgpu' | 'gpu-blocked' | 'gpu-software' | 'no-f16' | 'one-thread' | 'small-device';
  /** `limit`: something is not offered. `note`: it works, but slower or smaller. */
  weight: 'limit' | 'note';
  found: string;
  /** What works instead, or the step that enables it. */
  offered: string;
}

export function findings(facts: Facts): Finding[] {
  const list: Finding[] = [];
  const add = (finding: Finding): void => void list.push(finding);
  if (!facts.secure)
    add({
      id: 'insecure',
      weight: 'limit',
      found: 'This address is not https or localhost, so the browser withholds WebGPU, storage locks and offline use.',
      offered: 'Open the page over https or from localhost. Replay works here.',
    });
  if (facts.gpu === 'none' && facts.secure)
    add({
      id: 'no-webgpu',
      weight: 'note',
      found: 'This browser has no WebGPU.',
      offered:
        'The built-in model runs on wasm, on the processor. For larger models use a current Chrome, Edge or Safari; on Linux, Chrome may need chrome://flags/#enable-unsafe-webgpu.',
    });
  if (facts.gpu === 'blocked')
    add({
      id: 'gpu-blocked',
      weight: 'note',
      found:
        'This browser has WebGPU but gives no graphics adapter (blocked driver, remote desktop, or graphics acceleration switched off).',
      offered: 'The built-in model runs on wasm. Switch on graphics acceleration in the browser settings to use the GPU.',
    });
  if (facts.gpu === 'fallback')
    add({
      id: 'gpu-software',
      weight: 'note',
      found: 'WebGPU is emulated in software here.',
      offered: 'wasm is faster and is used by default.',
    });
  if (facts.gpu === 'ready' && !facts.shaderF16)
    add({
      id: 'no-f16',
      weight: 'note',
      found: 'This GPU lacks 16-bit shaders.',
      offered:
        'A model with q4 or fp32 weights runs on it as it is. One with 16-bit weights, such as the built-in model, runs on wasm instead.',
    });
  if (!facts.isolated && facts.gpu !== 'ready')
    add({
      id: 'one-thread',
      weight: 'note',
      found: 'The server sends no isolation headers, so wasm uses one thread.',
      offered: 'Enough for the built-in model. `npm start` serves the page isolated, with threads.',
    });
  if (facts.phone || (facts.memory !== null && facts.memory < 4))
    add({
      id: 'small-device',
      weight: 'note',
      found: facts.phone ? 'Larger models may be slow or may crash on this phone.' : `This device reports ${facts.memory} GB of memory.`,
      offered: 'The replay needs nothing, and the built-in model needs about 100 MB.',
    });
  return list;
}
