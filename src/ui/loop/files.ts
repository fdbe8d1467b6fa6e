// A loop out of the page as one file, and its weights as another; weights into it again.
import type { LoopFile } from '../../experiment/records';
import type { Weights } from '../../share/weightsFile';
import type { RunStore } from '../../store/store';
import { download, fileName } from '../session/files';
import type { FromPacker, ToPacker } from './pack.worker';

function ask(message: ToPacker): Promise<Exclude<FromPacker, { failed: string }>> {
  const worker = new Worker(new URL('./pack.worker.ts', import.meta.url), { type: 'module', name: 'polylogue-packer' });
  return new Promise<Exclude<FromPacker, { failed: string }>>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<FromPacker>) =>
      'failed' in data ? reject(Object.assign(new Error(data.failed), { hint: data.hint })) : resolve(data);
    worker.onerror = event => {
      event.preventDefault();
      reject(new Error('The file could not be worked on. Reload the page, then try again.'));
    };
    worker.postMessage(message);
  }).finally(() => worker.terminate());
}

async function packed(message: ToPacker): Promise<Uint8Array<ArrayBuffer>> {
  const answer = await ask(message);
  if (!('packed' in answer)) throw new TypeError('the packer answered something else');
  return answer.packed;
}

/** Everything of a loop but its weights, as `.loop.json.gz`; what this version cannot read goes out as it is stored. */
export async function exportLoop(store: RunStore, loop: string, title: string): Promise<void> {
  const file = await store.exportLoop(loop);
  const name = fileName(title);
  if (file.schema !== 1) return download(new Blob([JSON.stringify(file)], { type: 'application/json' }), `${name}.loop.json`);
  const bytes = await packed({ kind: 'loop', file: file as LoopFile });
  download(new Blob([bytes], { type: 'application/gzip' }), `${name}.loop.json.gz`);
}

/** Every agent's adapter files, a folder each. @throws Error when there are none */
export async function exportWeights(store: RunStore, loop: string, title: string): Promise<void> {
  const records = await store.adapters.list({ loop });
  if (records.length === 0)
    throw Object.assign(new Error('This loop has no weights here.'), { hint: 'Nothing has been trained yet, or they were not imported.' });
  const weights: Weights[] = [];
  for (const { id } of records) {
    const { record, files } = await store.adapters.read(id);
    weights.push({ facts: record, files });
  }
  const bytes = await packed({ kind: 'weights', weights });
  download(new Blob([bytes], { type: 'application/zip' }), `${fileName(title)}-weights.zip`);
}

/**
 * Keeps those weights of an archive that belong to a loop.
 * @returns agents whose weights were kept, and those of other loops
 * @throws ShareError's words and hint, or StoreError
 */
export async function importWeights(store: RunStore, loop: string, file: Blob): Promise<{ kept: number; others: number }> {
  const answer = await ask({ kind: 'open-weights', bytes: new Uint8Array(await file.arrayBuffer()) });
  if (!('weights' in answer)) throw new TypeError('the packer answered something else');
  const own = answer.weights.filter(({ facts }) => facts.loop === loop);
  for (const { facts, files } of own) await store.adapters.save(facts, files);
  return { kept: own.length, others: answer.weights.length - own.length };
}
