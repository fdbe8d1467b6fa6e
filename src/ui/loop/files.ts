// A loop out of the page as one file.
import type { LoopFile } from '../../experiment/records';
import type { RunStore } from '../../store/store';
import { download, fileName } from '../session/files';
import type { FromPacker } from './pack.worker';

function pack(file: LoopFile): Promise<Uint8Array<ArrayBuffer>> {
  const worker = new Worker(new URL('./pack.worker.ts', import.meta.url), { type: 'module', name: 'polylogue-packer' });
  return new Promise<Uint8Array<ArrayBuffer>>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<FromPacker>) =>
      'packed' in data ? resolve(data.packed) : reject(new Error(`The loop could not be packed: ${data.failed}`));
    worker.onerror = event => {
      event.preventDefault();
      reject(new Error('The loop could not be packed. Reload the page, then try again.'));
    };
    worker.postMessage(file);
  }).finally(() => worker.terminate());
}

/** Everything of a loop but its weights, as `.loop.json.gz`; what this version cannot read goes out as it is stored. */
export async function exportLoop(store: RunStore, loop: string, title: string): Promise<void> {
  const file = await store.exportLoop(loop);
  const name = fileName(title);
  if (file.schema === 1) download(new Blob([await pack(file as LoopFile)], { type: 'application/gzip' }), `${name}.loop.json.gz`);
  else download(new Blob([JSON.stringify(file)], { type: 'application/json' }), `${name}.loop.json`);
}
