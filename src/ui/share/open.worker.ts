// Reads large runs from elsewhere off the main thread: inflating, parsing and checking a file of many debates takes seconds.
import { ShareError } from '../../share/errors';
import { fetchRun, openForeign, type OpenedRun } from '../../share/open';

export type ToReader = { kind: 'bytes'; bytes: Uint8Array<ArrayBuffer> } | { kind: 'url'; url: string };
export type FromReader = { opened: OpenedRun } | { failed: { code: ShareError['code']; message: string; hint: string } };

const reader = self as unknown as {
  onmessage: ((event: MessageEvent<ToReader>) => void) | null;
  postMessage(message: FromReader): void;
};

reader.onmessage = ({ data }) => {
  const opening = data.kind === 'bytes' ? openForeign(data.bytes) : fetchRun(new URL(data.url), (input, init) => fetch(input, init));
  opening.then(
    opened => reader.postMessage({ opened }),
    (error: unknown) => {
      if (!(error instanceof ShareError)) throw error;
      const { code, message, hint } = error;
      reader.postMessage({ failed: { code, message, hint } });
    },
  );
};
