// Reads what comes from elsewhere off the main thread: inflating, parsing and checking a file of many debates takes seconds.
import type { RunEvent } from '../../debate/events';
import { ShareError } from '../../share/errors';
import type { OpenedLoop } from '../../share/loopFile';
import { openForeign, type OpenedRun } from '../../share/open';
import { fetchShared, openSharedFile, type Shared } from '../../share/openShared';
import { inParts } from './parts';

export type ToReader = { kind: 'file'; file: Blob } | { kind: 'url'; url: string } | { kind: 'link'; fragment: string };
/** What is said of a run; its events came before, in parts, and are folded where they arrive. */
export type AboutRun = Omit<OpenedRun, 'file' | 'state'>;
export type FromReader =
  { part: RunEvent[] } | { run: AboutRun } | { loop: OpenedLoop } | { failed: { code: ShareError['code']; message: string; hint: string } };

const reader = self as unknown as {
  onmessage: ((event: MessageEvent<ToReader>) => void) | null;
  postMessage(message: FromReader): void;
};

async function open(message: ToReader): Promise<Shared> {
  switch (message.kind) {
    case 'file':
      return openSharedFile(new Uint8Array(await message.file.arrayBuffer()));
    case 'url':
      return fetchShared(new URL(message.url), (input, init) => fetch(input, init));
    case 'link':
      return { kind: 'run', run: await openForeign(message.fragment) };
  }
}

reader.onmessage = ({ data }) => {
  open(data).then(
    shared => {
      // Functions cannot leave a worker; who shows a loop fetches its parts as it needs them.
      if (shared.kind === 'loop') return reader.postMessage({ loop: shared.loop });
      const { file, state: _, ...about } = shared.run;
      for (const part of inParts(file.events)) reader.postMessage({ part });
      reader.postMessage({ run: about });
    },
    (error: unknown) => {
      if (!(error instanceof ShareError)) throw error;
      const { code, message, hint } = error;
      reader.postMessage({ failed: { code, message, hint } });
    },
  );
};
