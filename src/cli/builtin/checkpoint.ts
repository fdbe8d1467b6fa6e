// Training state as one file: a JSON line with names and shapes, then the float32 data in that order.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Weights } from '../../onnx/llama';
import type { TrainState } from '../../onnx/train/stepper';
import { size } from './config';

/** Written beside and renamed, so that a killed run leaves the old file whole. */
export function saveCheckpoint(path: string, { step, tensors }: TrainState): void {
  const header = JSON.stringify({ step, tensors: Object.entries(tensors).map(([name, { dims }]) => [name, dims]) });
  const chunks = Object.values(tensors).map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(`${path}.part`, Buffer.concat([Buffer.from(`${header}\n`), ...chunks]));
  renameSync(`${path}.part`, path);
}

export function readCheckpoint(path: string): TrainState {
  const bytes = readFileSync(path);
  const end = bytes.indexOf(10);
  const header = JSON.parse(bytes.toString('utf8', 0, end)) as { step: number; tensors: [string, number[]][] };
  const tensors: Weights = {};
  let at = bytes.byteOffset + end + 1;
  for (const [name, dims] of header.tensors) {
    const length = size(dims) * 4;
    tensors[name] = { dims, data: new Float32Array(bytes.buffer.slice(at, at + length)) };
    at += length;
  }
  return { step: header.step, tensors };
}
