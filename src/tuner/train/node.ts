// The engine `onnx` on onnxruntime-node.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';

import { folderOnDisk } from '../../models/engine-node';
import type { TrainEngine } from '../engine';
import type { DiskBase } from './job-folder';
import { createOnnxEngine } from './onnx-engine';
import { passBytes, type TrainHost } from './train';

export const nodeHost = (threads: number): TrainHost<ort.Tensor> => ({
  runtime: {
    createSession: bytes => ort.InferenceSession.create(bytes, { intraOpNumThreads: threads, interOpNumThreads: 1, logSeverityLevel: 3 }),
    Tensor: ort.Tensor,
  },
  now: () => performance.now(),
  breathe: () => new Promise(resolve => setImmediate(resolve)),
  bytes: passBytes,
});

/** The model folders in a directory, each a base under its folder's name. */
export const diskBasesIn = (modelsDir: string): DiskBase[] =>
  readdirSync(modelsDir, { withFileTypes: true })
    .filter(entry => entry.isDirectory() && existsSync(join(modelsDir, entry.name, 'config.json')))
    .map(entry => ({ id: entry.name, dir: join(modelsDir, entry.name) }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));

export interface InProcessOptions {
  /** Folder of model folders, such as `public/models`. */
  modelsDir: string;
  /** Jobs side by side, each with `threads`. */
  slots?: number;
  threads?: number;
}

/** Trains in this process: for tests and where a crash may take everything with it. */
export const createInProcessEngine = ({ modelsDir, slots = 1, threads = 1 }: InProcessOptions): TrainEngine =>
  createOnnxEngine({
    bases: diskBasesIn(modelsDir).map(({ id, dir }) => ({ id, folder: folderOnDisk(dir) })),
    slots,
    ...nodeHost(threads),
  });
