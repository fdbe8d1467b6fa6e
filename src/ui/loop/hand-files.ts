// What the reader takes along to train elsewhere: the rows of each agent, and the weights to go on from.
import type { TuneOrder } from '../../datasets/order';
import { setFiles, takeAlongReadme } from '../../finetune/take-along';
import type { RunStore } from '../../store/store';
import { download, fileName } from '../session/files';
import { zipped } from '../session/zip';

/** @param orders of one iteration */
export async function downloadSets(orders: readonly TuneOrder[], title: string): Promise<void> {
  const own = (order: TuneOrder) => Object.entries(setFiles(order)).map(([name, text]) => [`${order.agent}/${name}`, text] as const);
  const zip = await zipped({ ...Object.fromEntries(orders.flatMap(own)), 'README.txt': takeAlongReadme(orders) });
  download(zip, `${fileName(title)}-it${orders[0]!.iteration}-sets.zip`);
}

/** @throws StoreError */
export async function downloadAgent(store: RunStore, adapter: string): Promise<void> {
  const { files } = await store.adapters.read(adapter);
  download(await zipped(files, 0), `${fileName(adapter)}.zip`);
}
