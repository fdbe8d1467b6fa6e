// What the reader takes along to train elsewhere: the rows of each agent, and the weights to go on from.
import type { TuneOrder } from '../../experiment/ports';
import { setFiles, takeAlongReadme } from '../../finetune/take-along';
import type { RunStore } from '../../store/store';
import { download, fileName } from '../session/files';

const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

/** @param orders of one iteration */
export async function downloadSets(orders: readonly TuneOrder[], title: string): Promise<void> {
  const { zipSync } = await import('fflate');
  const folder = (order: TuneOrder) => Object.fromEntries(Object.entries(setFiles(order)).map(([name, text]) => [name, utf8(text)]));
  const folders = Object.fromEntries(orders.map(order => [order.agent, folder(order)]));
  const zip = zipSync({ ...folders, 'README.txt': utf8(takeAlongReadme(orders)) });
  download(new Blob([zip], { type: 'application/zip' }), `${fileName(title)}-it${orders[0]!.iteration}-sets.zip`);
}

/** @throws StoreError */
export async function downloadAgent(store: RunStore, adapter: string): Promise<void> {
  const { zipSync } = await import('fflate');
  const { files } = await store.adapters.read(adapter);
  download(new Blob([zipSync(files, { level: 0 })], { type: 'application/zip' }), `${fileName(adapter)}.zip`);
}
