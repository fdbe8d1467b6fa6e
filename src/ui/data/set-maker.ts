// One run from which sets are made: it goes to a worker once, sizes and sets of it come back.
import type { SetPreview } from '../../datasets/collect';
import type { DatasetConfig, TrainingSet } from '../../datasets/records';
import type { RunState } from '../../debate/fold';
import type { Collected } from '../../experiment/collected';
import type { LoopConfig } from '../../experiment/records';
import { AskedWorker } from '../share/asked-worker';
import { sendParts } from '../share/parts';
import type { Made, ToMaker } from './make.worker';

const other = (): TypeError => new TypeError('the maker of sets answered something else');

export class SetMaker {
  readonly #worker: AskedWorker<ToMaker, Made>;
  readonly #sent: Promise<void>;

  /** Works until `signal` ends. */
  constructor({ questions, ...rest }: RunState, signal: AbortSignal) {
    const worker = new Worker(new URL('./make.worker.ts', import.meta.url), { type: 'module', name: 'polylogue-sets' });
    this.#worker = new AskedWorker(worker, 'The sets could not be made. Reload the page, then try again.', signal);
    this.#sent = sendParts([...questions], part => this.#worker.tell({ kind: 'part', part }), signal).then(() =>
      this.#worker.tell({ kind: 'rest', rest }),
    );
    this.#sent.catch(() => undefined);
  }

  /** As `previewSets`. @throws Error in words, or the reason of the signal */
  async sizes(config: DatasetConfig): Promise<SetPreview[]> {
    await this.#sent;
    const made = await this.#worker.ask(id => ({ kind: 'sizes', id, config }));
    if (!('sizes' in made)) throw other();
    return made.sizes;
  }

  /** As `collectSets`, of a first iteration. @throws as `sizes` */
  async sets(config: DatasetConfig): Promise<TrainingSet[]> {
    await this.#sent;
    const made = await this.#worker.ask(id => ({ kind: 'sets', id, config }));
    if (!('sets' in made)) throw other();
    return made.sets;
  }

  /** As `collectedFrom`. @throws as `sizes` */
  async collected(config: LoopConfig, iteration: number): Promise<Collected> {
    await this.#sent;
    const made = await this.#worker.ask(id => ({ kind: 'collected', id, config, iteration }));
    if (!('collected' in made)) throw other();
    return made.collected;
  }
}

/** Has a worker for one piece of work. @throws as `SetMaker.sizes`, or the reason of `signal` */
export async function withMaker<T>(run: RunState, work: (maker: SetMaker) => Promise<T>, signal?: AbortSignal): Promise<T> {
  const life = new AbortController();
  try {
    return await work(new SetMaker(run, signal ? AbortSignal.any([signal, life.signal]) : life.signal));
  } finally {
    life.abort();
  }
}
