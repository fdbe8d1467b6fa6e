// Packs and opens loop files off the main thread. What leaves has been through the exporters; what comes in is checked whole.
import type { LoopFile } from '../../experiment/records';
import { openLoop, packLoop } from './loop-file';
import { ShareError } from '../../share/errors';

export type ToFiler = { kind: 'pack'; file: { events: readonly unknown[] } } | { kind: 'open'; bytes: Uint8Array<ArrayBuffer> };
export type FromFiler = { packed: Uint8Array<ArrayBuffer> } | { opened: LoopFile } | { failed: { message: string; hint: string } };

const filer = self as unknown as {
  onmessage: ((event: MessageEvent<ToFiler>) => void) | null;
  postMessage(message: FromFiler): void;
};

filer.onmessage = ({ data }) => {
  const work: Promise<FromFiler> =
    data.kind === 'pack' ? packLoop(data.file as LoopFile).then(packed => ({ packed })) : openLoop(data.bytes).then(opened => ({ opened }));
  work.then(
    result => filer.postMessage(result),
    (error: unknown) => {
      if (!(error instanceof ShareError)) throw error;
      filer.postMessage({ failed: { message: error.message, hint: error.hint } });
    },
  );
};
