// Runs the trainer's reference cases on a web runtime, through the seam that the page's tuner uses.
import type { Tensor } from '../../../src/models/runtime';
import { wasmRuntime, webgpuRuntime } from '../../../src/models/runtime-web';
import { cases, type Case } from '../../../src/onnx/train/reference/cases';
import type { TrainRuntime } from '../../../src/onnx/train/runtime';
import { TrainStepper } from '../../../src/onnx/train/stepper';
import { trainRuntime } from '../../../src/tuner/train/runtime';

export interface TrainOrder {
  device: 'wasm' | 'webgpu';
  /** Cases, and how many of their steps. */
  names: string[];
  steps: number;
}

export interface Trained {
  /** Of the steps over whole batches. */
  losses: number[];
  norms: number[];
  /** Of the steps over their parts. */
  sums: number[];
  /** Summed nll of the first batch after training, with the adapter and, in LoRA mode, without. */
  evaluated: number[];
}

async function train({ config, options, weights, rates, ...all }: Case, steps: number, runtime: TrainRuntime<Tensor>): Promise<Trained> {
  const [whole, parts] = [all.whole.slice(0, steps), all.parts.slice(0, steps)];
  const result: Trained = { losses: [], norms: [], sums: [], evaluated: [] };
  const stepper = await TrainStepper.create(runtime, config, weights, options);
  for (const [i, batch] of whole.entries()) {
    const { loss, norm } = await stepper.step(batch, { adamw: rates[i]! });
    result.losses.push(loss);
    result.norms.push(norm);
  }
  for (const adapter of options.mode === 'full' ? [true] : [true, false]) {
    const { nll } = await stepper.evaluate(whole[0]!, { adapter });
    result.evaluated.push(nll.reduce((a, b) => a + b, 0));
  }
  await stepper.dispose();
  const pieces = await TrainStepper.create(runtime, config, weights, options);
  for (const [i, batches] of parts.entries()) result.sums.push((await pieces.step(batches, { adamw: rates[i]! })).loss);
  await pieces.dispose();
  return result;
}

self.onmessage = async ({ data: { device, names, steps } }: MessageEvent<TrainOrder>) => {
  try {
    const runtime = trainRuntime(device === 'webgpu' ? await webgpuRuntime() : wasmRuntime(1));
    const results: Record<string, Trained> = {};
    for (const each of cases()) if (names.includes(each.name)) results[each.name] = await train(each, steps, runtime);
    self.postMessage(results);
  } catch (error) {
    self.postMessage({ failed: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
};
