// One run on its way out: its events go to a worker once, links and files of it come back.
import type { DebateLink, Levers } from '../../share/link';
import { AskedWorker } from './asked-worker';
import type { FromPacker, ToPacker } from './pack.worker';
import { sendParts } from './parts';

type Answer = Exclude<FromPacker, { failed: string }>;

export class Packer {
  readonly #worker: AskedWorker<ToPacker, Answer>;
  readonly #sent: Promise<void>;

  /** Works until `signal` ends. */
  constructor(events: readonly unknown[], signal: AbortSignal) {
    const worker = new Worker(new URL('./pack.worker.ts', import.meta.url), { type: 'module', name: 'polylogue-packer' });
    this.#worker = new AskedWorker(worker, 'It could not be packed. Reload the page, then try again.', signal);
    this.#sent = sendParts(events, part => this.#worker.tell({ kind: 'part', part }), signal);
    this.#sent.catch(() => undefined);
  }

  /** @param address what stands before the `#` @throws Error in words, or the reason of the signal */
  async link(qid: string, levers: Levers, address: string): Promise<DebateLink> {
    await this.#sent;
    const answer = await this.#worker.ask(id => ({ kind: 'link', id, qid, levers, address }));
    if (!('link' in answer)) throw new TypeError('the packer answered something else');
    return answer.link;
  }

  /**
   * @param only one question of the run; null = all of it
   * @param text 'answers' leaves the reasoning out
   * @param schema of the events; the ones of another version go out as they are stored
   * @throws as `link`
   */
  async file(gzip: boolean, only: string | null = null, text: Levers['text'] = 'full', schema = 1): Promise<Blob> {
    await this.#sent;
    const answer = await this.#worker.ask(id => ({ kind: 'file', id, schema, gzip, only, text }));
    if (!('file' in answer)) throw new TypeError('the packer answered something else');
    return answer.file;
  }
}

/** The file of a whole run. @throws as `Packer.link` */
export async function packRun(file: { schema: number; events: readonly unknown[] }, gzip = false): Promise<Blob> {
  const life = new AbortController();
  try {
    return await new Packer(file.events, life.signal).file(gzip, null, 'full', file.schema);
  } finally {
    life.abort();
  }
}
