// Several files as one archive, made where it does not hold the page up.
import type { FromZipper, ToZipper } from './zip.worker';

/**
 * @param files by path in the archive
 * @param level 0 for what does not shrink, such as weights
 * @throws Error in words
 */
export async function zipped(files: ToZipper['files'], level: ToZipper['level'] = 6): Promise<Blob> {
  const worker = new Worker(new URL('./zip.worker.ts', import.meta.url), { type: 'module', name: 'polylogue-zipper' });
  return new Promise<Blob>((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<FromZipper>) =>
      'zip' in data ? resolve(new Blob([data.zip], { type: 'application/zip' })) : reject(new Error(data.failed));
    worker.onerror = event => {
      event.preventDefault();
      reject(new Error('The archive could not be made. Reload the page, then try again.'));
    };
    worker.postMessage({ files, level } satisfies ToZipper);
  }).finally(() => worker.terminate());
}
