// Makes an archive off the main thread: rows or weights of many agents take a second.
import { zipSync } from 'fflate';

export interface ToZipper {
  /** By path in the archive. */
  files: Record<string, string | Uint8Array>;
  /** 0 = as they are: weights do not shrink. */
  level: 0 | 6;
}
export type FromZipper = { zip: Uint8Array<ArrayBuffer> } | { failed: string };

const zipper = self as unknown as {
  onmessage: ((event: MessageEvent<ToZipper>) => void) | null;
  postMessage(message: FromZipper, transfer?: Transferable[]): void;
};

zipper.onmessage = ({ data: { files, level } }) => {
  try {
    const utf8 = new TextEncoder();
    const bytes = Object.entries(files).map(([path, file]) => [path, typeof file === 'string' ? utf8.encode(file) : file]);
    const zip = zipSync(Object.fromEntries(bytes) as Record<string, Uint8Array>, { level });
    zipper.postMessage({ zip }, [zip.buffer]);
  } catch (error) {
    zipper.postMessage({ failed: error instanceof Error ? error.message : String(error) });
  }
};
