import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { runtime } from '../../../../test/fixtures/train-runtime';
import type { Weights } from '../../llama-shapes';
import { TrainStepper } from '../stepper';
import { cases } from './cases';

interface Run {
  losses: number[];
  norms: number[];
  /** By trained tensor: its norm, and its product with sin 1, sin 2, … */
  gradients: Record<string, [number, number]>;
  values: Record<string, [number, number]>;
}
const torch = JSON.parse(readFileSync(new URL('torch.json', import.meta.url), 'utf8')) as { cases: Record<string, Run> };

const two = (data: Float32Array): [number, number] => [Math.hypot(...data), data.reduce((sum, x, i) => sum + x * Math.sin(i + 1), 0)];
const relative = (a: readonly number[], b: readonly number[], size: number): number =>
  Math.max(...a.map((x, i) => Math.abs(x - b[i]!))) / size;

function worst(tensors: Weights, want: Run['values'], suffix = ''): number {
  const names = Object.keys(want);
  // A product with the sines may be near zero where the tensor is not, so both are held against the norm.
  return Math.max(...names.map(name => relative(two(tensors[`${name}${suffix}`]!.data), want[name]!, want[name]![0])));
}

it.each(cases().map(c => [c.name, c] as const))('%s: losses, gradients and parameters are those of torch', async (name, c) => {
  const want = torch.cases[name]!;
  const first = await TrainStepper.create(runtime(), c.config, c.weights, { ...c.options, adamw: { beta1: 0 }, maxNorm: Infinity });
  expect(first.trainables.map(p => p.name).sort()).toEqual(Object.keys(want.gradients).sort());
  await first.step(c.whole[0]!, { adamw: 0 });
  // Without momentum and clipping the first moment is the gradient.
  expect(worst(first.exportState().tensors, want.gradients, '/m')).toBeLessThan(5e-6);
  await first.dispose();

  for (const batches of [c.whole, c.parts]) {
    const stepper = await TrainStepper.create(runtime(), c.config, c.weights, c.options);
    const steps = [];
    for (const [i, batch] of batches.entries()) steps.push(await stepper.step(batch, { adamw: c.rates[i]! }));
    const [losses, norms] = [steps.map(s => s.loss), steps.map(s => s.norm)];
    expect(relative(losses, want.losses, 1)).toBeLessThan(2e-6);
    expect(relative(norms, want.norms, 1)).toBeLessThan(2e-5);
    expect(worst(stepper.exportWeights(), want.values)).toBeLessThan(5e-5);
    await stepper.dispose();
  }
});

it.each(['llama, full', 'qwen3, lora'])('%s: operations written for WebGPU compute the same', async name => {
  const c = cases().find(each => each.name === name)!;
  const stepper = await TrainStepper.create({ ...runtime(), webgpu: true }, c.config, c.weights, c.options);
  const losses = [];
  for (const [i, batch] of c.whole.entries()) losses.push((await stepper.step(batch, { adamw: c.rates[i]! })).loss);
  await stepper.dispose();
  expect(relative(losses, torch.cases[name]!.losses, 1)).toBeLessThan(2e-6);
});

it('the comparison sees a wrong rotary base, a dropped bias and a head norm left out', async () => {
  const lossOf = async (name: string, change: object) => {
    const c = cases().find(each => each.name === name)!;
    const stepper = await TrainStepper.create(runtime(), { ...c.config, ...change }, c.weights, c.options);
    const { loss } = await stepper.step(c.whole[0]!, { adamw: 0 });
    await stepper.dispose();
    return Math.abs(loss - torch.cases[name]!.losses[0]!);
  };
  expect(await lossOf('llama, full', { theta: 5000 })).toBeGreaterThan(1e-4);
  expect(await lossOf('llama 3, full', { rope: undefined })).toBeGreaterThan(1e-4);
  expect(await lossOf('qwen2, full', { biases: undefined })).toBeGreaterThan(1e-3);
  expect(await lossOf('qwen3, lora', { qkNorm: undefined })).toBeGreaterThan(1e-3);
});
