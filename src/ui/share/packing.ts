// One run on its way out: its events go to a worker once, links and files of it come back.
import type { DebateLink, Levers } from '../../share/link';
import type { FromPacker, ToPacker } from './pack.worker';
import { sendParts } from './parts';

type Asked = Exclude<ToPacker, { kind: 'part' }>;

export class Packer {
  readonly #worker = new Worker(new URL('./pack.worker.ts', import.meta.url), { type: 'module', name: 'polylogue-packer' });
  readonly #waiting = new Map<number, { resolve: (answer: FromPacker) => void; reject: (error: unknown) => void }>();
  readonly #sent: Promise<void>;
  #next = 1;

  /** Works until `signal` ends. */
  constructor(
    events: readonly unknown[],
    private readonly signal: AbortSignal,
  ) {
    this.#worker.onmessage = ({ data }: MessageEvent<FromPacker>) => {
      const asked = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      if ('failed' in data) asked?.reject(new Error(data.failed));
      else asked?.resolve(data);
    };
    this.#worker.onerror = event => {
      event.preventDefault();
      this.#end(new Error('It could not be packed. Reload the page, then try again.'));
    };
    signal.addEventListener('abort', () => this.#end(signal.reason), { once: true });
    this.#sent = sendParts(events, part => this.#worker.postMessage({ kind: 'part', part } satisfies ToPacker), signal);
    this.#sent.catch(() => undefined);
  }

  /** @param address what stands before the `#` @throws Error in words, or the reason of the signal */
  async link(qid: string, levers: Levers, address: string): Promise<DebateLink> {
    const answer = await this.#ask({ kind: 'link', id: this.#next++, qid, levers, address });
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
    const answer = await this.#ask({ kind: 'file', id: this.#next++, schema, gzip, only, text });
    if (!('file' in answer)) throw new TypeError('the packer answered something else');
    return answer.file;
  }

  async #ask(message: Asked): Promise<FromPacker> {
    await this.#sent;
    this.signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      this.#waiting.set(message.id, { resolve, reject });
      this.#worker.postMessage(message);
    });
  }

  #end(reason: unknown): void {
    this.#worker.terminate();
    for (const { reject } of this.#waiting.values()) reject(reason);
    this.#waiting.clear();
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
