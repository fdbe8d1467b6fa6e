// The worker of one job in a page: onnxruntime-web on one thread, the same training as in Node. The tuner's worker starts and ends it.
import { siteFolder } from '../../models/folder-site';
import { wasmRuntime, webgpuRuntime } from '../../models/runtime-web';
import { loadBase } from './base';
import { asTrainError } from './onnx-engine';
import type { FromJobWorker, PageBase, ToJobWorker, TrainDevice } from './page-protocol';
import { trainRuntime } from './runtime';
import { passBytes, train } from './train';
import type { TrainJob } from '../engine';

const cancel = new AbortController();
const say = (message: FromJobWorker): void => self.postMessage(message);

/** A macrotask: the runtime finishes its promises without one, and the word to stop would never come in. */
const breathe = (): Promise<void> =>
  new Promise(resolve => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });

async function run({ url, ...place }: PageBase, job: TrainJob, device: TrainDevice): Promise<void> {
  try {
    const folder = siteFolder(url, (address, init) => fetch(address, init));
    const runtime = device === 'webgpu' ? await webgpuRuntime() : wasmRuntime(1);
    const host = { runtime: trainRuntime(runtime), now: () => performance.now(), breathe, bytes: passBytes };
    const base = await loadBase({ ...place, folder }, cancel.signal);
    say({ type: 'done', files: await train(host, base, job, update => say({ type: 'update', update }), cancel.signal) });
  } catch (error) {
    if (cancel.signal.aborted) return say({ type: 'stopped' });
    const { code, message, param } = asTrainError(error);
    say({ type: 'failed', code, message, param });
  }
}

self.onmessage = ({ data: message }: MessageEvent<ToJobWorker>) => {
  if (message.type === 'train') void run(message.base, message.job, message.device);
  else cancel.abort(new DOMException('Cancelled.', 'AbortError'));
};
