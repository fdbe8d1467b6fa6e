// Makes links and files off the main thread: copying what may leave, naming and compressing a long run takes seconds.
import type { RunEvent } from '../../debate/events';
import { excerptOf } from '../../share/excerpt';
import { encodeRunFile } from '../../share/file';
import { encodeLink, type DebateLink, type Levers } from '../../share/link';

export type ToPacker =
  /** Events of the run, in parts, before anything is asked. */
  | { kind: 'part'; part: unknown[] }
  | { kind: 'link'; id: number; qid: string; levers: Levers; address: string }
  /**
   * @param schema of the events: what this version did not write goes out as it is stored
   * @param only one question of it
   */
  | { kind: 'file'; id: number; schema: number; gzip: boolean; only: string | null; text: Levers['text'] };
export type FromPacker = { id: number; link: DebateLink } | { id: number; file: Blob } | { id: number; failed: string };

const packer = self as unknown as {
  onmessage: ((event: MessageEvent<ToPacker>) => void) | null;
  postMessage(message: FromPacker): void;
};

const events: unknown[] = [];

async function work(message: Exclude<ToPacker, { kind: 'part' }>): Promise<FromPacker> {
  const { id } = message;
  const run = events as RunEvent[];
  if (message.kind === 'link') return { id, link: await encodeLink(run, message.qid, message.levers, message.address) };
  const { schema, gzip, only, text } = message;
  if (only !== null) return { id, file: await encodeRunFile(excerptOf(run, only), gzip, text) };
  // What was to be left out is never sent whole instead.
  if (text === 'answers') return { id, file: await encodeRunFile(run, gzip, text) };
  const raw = (): Blob => new Blob([JSON.stringify({ polylogue: 'run', schema, events })], { type: 'application/json' });
  return { id, file: schema === 1 ? await encodeRunFile(run, gzip).catch(raw) : raw() };
}

packer.onmessage = ({ data }) => {
  if (data.kind === 'part') {
    events.push(...data.part);
    return;
  }
  work(data).then(
    answer => packer.postMessage(answer),
    (error: unknown) => packer.postMessage({ id: data.id, failed: error instanceof Error ? error.message : String(error) }),
  );
};
