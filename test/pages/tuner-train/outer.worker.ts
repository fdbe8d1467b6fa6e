// Stands in for the tuner's worker.
import { createWorkerEngine } from '../../../src/tuner/train/page';
import type { Order, ToOuter, Trained } from './main';

const bases = ['abacus', 'tiny'].map(id => ({ id, url: new URL(`/models/${id}/`, self.location.href).href }));
const engine = createWorkerEngine({ bases });
const graphics = createWorkerEngine({ bases, device: 'webgpu' });
const bytes = (lines: readonly string[]): Uint8Array<ArrayBuffer> => new TextEncoder().encode(lines.join('\n'));
const latin1 = (file: Uint8Array): string => Array.from(file, byte => String.fromCharCode(byte)).join('');

async function train({ rows, validation, hyperparameters, seed, base = 'abacus', device, stopAt }: Order): Promise<Trained> {
  const stop = new AbortController();
  const trained: Trained = { updates: [], checkpoints: [], files: null, error: null };
  const job = {
    base,
    from: null,
    training: bytes(rows),
    validation: validation ? bytes(validation) : null,
    hyperparameters,
    seed,
  };
  try {
    const files = await (device === 'webgpu' ? graphics : engine).train(
      'job',
      { ...job, resume: null, checkpointEvery: 0 },
      update => {
        if (update.t === 'checkpoint') return trained.checkpoints.push(update.step);
        trained.updates.push(update);
        if (update.t === 'progress' && update.step === stopAt) stop.abort(new Error('enough'));
      },
      stop.signal,
    );
    trained.files = Object.fromEntries(Object.entries(files).map(([name, file]) => [name, latin1(file)]));
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    trained.error = { code, message };
  }
  return trained;
}

self.onmessage = async ({ data }: MessageEvent<ToOuter>) => {
  if (data.type === 'train') self.postMessage(await Promise.all(data.orders.map(train)));
  else self.postMessage((await engine.bases()).map(({ id, parameters }) => ({ id, parameters })));
};
