// One training step of the built-in model's shape against torch on the same threads: same weights, same batch, steps taken in turn.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import * as ort from 'onnxruntime-node';
import { randomFloats, randomNumbers } from '../../onnx/fixtures/weights';
import type { Weights } from '../../onnx/llama';
import { initialAdapters } from '../../onnx/train/adapters';
import { makeBatch, type Batch } from '../../onnx/train/batch';
import { emitTrainStep } from '../../onnx/train/emit';
import type { TrainOptions } from '../../onnx/train/options';
import { TrainStepper } from '../../onnx/train/stepper';
import { config, initialWeights } from '../builtin/config';

/** Medians in ms; torch null where there is none, with the reason. */
export interface TrainStepTimes {
  rows: number;
  length: number;
  torch: string | null;
  /** Why torch was not measured. */
  missing: string | null;
  modes: Record<'full' | 'lora', { ours: number; theirs: number | null }>;
}

const ROWS = 32;
const LENGTH = 128;
const RATE = 1e-4;
const modes: Record<'full' | 'lora', TrainOptions> = { full: { mode: 'full' }, lora: { mode: { r: 8, alpha: 16 } } };

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

function weightsOf(options: TrainOptions): Weights {
  const weights = initialWeights(config, 'bench');
  if (options.mode === 'full') return weights;
  const random = randomNumbers(2);
  const { trainables } = emitTrainStep(config, weights, options);
  Object.assign(weights, initialAdapters(trainables, random));
  // Away from zero, so that equal losses also show equal adapters.
  for (const { name, dims } of trainables)
    if (name.endsWith('lora_B.weight')) weights[name] = { dims, data: randomFloats(dims[0]! * dims[1]!, 0.1, random) };
  return weights;
}

interface Peer {
  version: string;
  step(mode: string): Promise<{ ms: number; loss: number }>;
  close(): void;
}

/** Starts the first Python that has torch. @returns the reason when there is none */
async function startTorch(folder: string, threads: number): Promise<Peer | string> {
  const pythons = process.env['PYTHON'] ? [process.env['PYTHON']] : ['python3', '/usr/bin/python3'];
  const count = String(threads);
  let reason = '';
  for (const python of pythons) {
    const child = spawn(python, [resolve(import.meta.dirname, 'torch_train_step.py'), folder, count], {
      env: { ...process.env, OMP_NUM_THREADS: count, OPENBLAS_NUM_THREADS: count, MKL_NUM_THREADS: count },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    let complaint = '';
    child.stderr.on('data', chunk => (complaint += String(chunk)));
    child.on('error', error => (complaint += error.message));
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const hello = await lines.next();
    if (!hello.done) {
      return {
        version: (JSON.parse(hello.value) as { torch: string }).torch,
        async step(mode) {
          child.stdin.write(`${mode}\n`);
          const line = await lines.next();
          if (line.done) throw new Error(`torch stopped: ${complaint.trim()}`);
          return JSON.parse(line.value) as { ms: number; loss: number };
        },
        close: () => child.kill(),
      };
    }
    reason = `${python}: ${complaint.trim().split('\n').at(-1) ?? 'ended'}`;
  }
  return reason;
}

/** Writes the case where the Python side finds it. */
function writeCase(folder: string, weights: Record<string, Weights>, batch: Batch): void {
  const parts: Float32Array[] = [];
  let at = 0;
  const tensors = Object.fromEntries(
    Object.entries(weights).map(([mode, own]) => [
      mode,
      Object.entries(own).map(([name, { dims, data }]) => {
        parts.push(data);
        at += data.length;
        return [name, at - data.length, dims];
      }),
    ]),
  );
  writeFileSync(join(folder, 'weights.bin'), Buffer.concat(parts.map(p => Buffer.from(p.buffer, p.byteOffset, p.byteLength))));
  const [ids, targets] = [batch.ids, batch.targets].map(tokens => Array.from(tokens, Number));
  const text = JSON.stringify({ config, tensors, rows: ROWS, length: LENGTH, ids, targets, rate: RATE, scale: 2 });
  writeFileSync(join(folder, 'case.json'), text);
}

/** @throws Error when torch computes another loss: then the two did not do the same work */
export async function benchTrainStep(threads: number, rounds: number): Promise<TrainStepTimes> {
  const random = randomNumbers(1);
  const row = () => ({ ids: Array.from({ length: LENGTH + 1 }, () => Math.floor(random() * config.vocab)), from: 1 });
  const batch = makeBatch(Array.from({ length: ROWS }, row), 0);
  const weights = { full: weightsOf(modes.full), lora: weightsOf(modes.lora) };
  const folder = mkdtempSync(join(tmpdir(), 'polylogue-step-'));
  const runtime = {
    createSession: (bytes: Uint8Array) => ort.InferenceSession.create(bytes, { intraOpNumThreads: threads, interOpNumThreads: 1 }),
    Tensor: ort.Tensor,
  };
  let peer: Peer | string = '';
  try {
    writeCase(folder, weights, batch);
    peer = await startTorch(folder, threads);
    const result: TrainStepTimes = {
      ...{ rows: ROWS, length: LENGTH },
      torch: typeof peer === 'string' ? null : peer.version,
      missing: typeof peer === 'string' ? peer : null,
      modes: { full: { ours: 0, theirs: null }, lora: { ours: 0, theirs: null } },
    };
    for (const mode of ['full', 'lora'] as const) {
      const stepper = await TrainStepper.create(runtime, config, weights[mode], modes[mode]);
      const [ours, theirs]: [number[], number[]] = [[], []];
      // The first two steps allocate.
      for (let i = 0; i < 2 + 4 * rounds; i++) {
        const start = performance.now();
        const { loss } = await stepper.step(batch, { adamw: RATE });
        ours.push(performance.now() - start);
        if (typeof peer === 'string') continue;
        const step = await peer.step(mode);
        theirs.push(step.ms);
        if (Math.abs(step.loss - loss) > 1e-3) throw new Error(`step ${i + 1}, ${mode}: torch's loss is ${step.loss}, ours ${loss}`);
      }
      await stepper.dispose();
      result.modes[mode] = { ours: median(ours.slice(2)), theirs: theirs.length ? median(theirs.slice(2)) : null };
    }
    return result;
  } finally {
    if (typeof peer !== 'string') peer.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
