// Packs a loop off the main thread: a large one takes seconds. What leaves has been through the exporter that drops what may not.
import type { LoopFile } from '../../experiment/records';
import { encodeLoopFile } from '../../share/loopFile';

export type FromPacker = { packed: Uint8Array<ArrayBuffer> } | { failed: string };

const packer = self as unknown as {
  onmessage: ((event: MessageEvent<LoopFile>) => void) | null;
  postMessage(message: FromPacker): void;
};

packer.onmessage = ({ data }) => {
  encodeLoopFile(data).then(
    packed => packer.postMessage({ packed }),
    (error: unknown) => packer.postMessage({ failed: error instanceof Error ? error.message : String(error) }),
  );
};
