// Reads what comes from elsewhere off the main thread: inflating, parsing and checking a file of many debates takes seconds.
import { ShareError } from '../../share/errors';
import type { OpenedLoop } from '../../share/loopFile';
import type { OpenedRun } from '../../share/open';
import { fetchShared, openSharedFile, type Shared } from '../../share/openShared';

export type ToReader = { kind: 'bytes'; bytes: Uint8Array<ArrayBuffer> } | { kind: 'url'; url: string };
export type Opened = { kind: 'run'; run: OpenedRun } | { kind: 'loop'; loop: OpenedLoop };
export type FromReader = { opened: Opened } | { failed: { code: ShareError['code']; message: string; hint: string } };

const reader = self as unknown as {
  onmessage: ((event: MessageEvent<ToReader>) => void) | null;
  postMessage(message: FromReader): void;
};

/** Functions cannot leave a worker; who shows a loop fetches its parts as it needs them. */
const plain = (shared: Shared): Opened => (shared.kind === 'run' ? shared : { kind: 'loop', loop: shared.loop });

reader.onmessage = ({ data }) => {
  const opening = data.kind === 'bytes' ? openSharedFile(data.bytes) : fetchShared(new URL(data.url), (input, init) => fetch(input, init));
  opening.then(
    shared => reader.postMessage({ opened: plain(shared) }),
    (error: unknown) => {
      if (!(error instanceof ShareError)) throw error;
      const { code, message, hint } = error;
      reader.postMessage({ failed: { code, message, hint } });
    },
  );
};
