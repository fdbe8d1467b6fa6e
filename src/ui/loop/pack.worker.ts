// Packs a loop or its weights off the main thread: a large one takes seconds. What leaves has been through the exporter that drops what may not.
import type { LoopFile } from '../../experiment/records';
import { ShareError } from '../../share/errors';
import { encodeLoopFile } from '../../share/loopFile';
import { decodeWeights, encodeWeights, type Weights } from '../../share/weightsFile';

export type ToPacker =
  | { kind: 'loop'; file: LoopFile }
  | { kind: 'weights'; weights: readonly Weights[] }
  | { kind: 'open-weights'; bytes: Uint8Array<ArrayBuffer> };
export type FromPacker = { packed: Uint8Array<ArrayBuffer> } | { weights: readonly Weights[] } | { failed: string; hint: string };

const packer = self as unknown as {
  onmessage: ((event: MessageEvent<ToPacker>) => void) | null;
  postMessage(message: FromPacker): void;
};

async function work(message: ToPacker): Promise<FromPacker> {
  switch (message.kind) {
    case 'loop':
      return { packed: await encodeLoopFile(message.file) };
    case 'weights':
      return { packed: encodeWeights(message.weights) };
    case 'open-weights':
      return { weights: decodeWeights(message.bytes) };
  }
}

packer.onmessage = ({ data }) => {
  work(data).then(
    result => packer.postMessage(result),
    (error: unknown) => {
      const hint = error instanceof ShareError ? error.hint : 'Reload the page, then try again.';
      packer.postMessage({ failed: error instanceof Error ? error.message : String(error), hint });
    },
  );
};
