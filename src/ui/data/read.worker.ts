// Reads archives and large files off the main thread: unpacking one, or checking every line, takes seconds.
import { isArchive } from '../../datasets/formats/archive';
import { readArchive } from './archive';
import { readText, type Found } from './read';

export type FromRowReader = { found: Found } | { failed: string };

const reader = self as unknown as {
  onmessage: ((event: MessageEvent<File>) => void) | null;
  postMessage(message: FromRowReader): void;
};

async function read(file: File): Promise<Found> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  return isArchive(bytes) ? { kind: 'archive', parts: readArchive(bytes) } : readText(new TextDecoder().decode(bytes));
}

reader.onmessage = ({ data }) => {
  read(data)
    .then(found => reader.postMessage({ found }))
    .catch((error: unknown) => reader.postMessage({ failed: error instanceof Error ? error.message : String(error) }));
};
