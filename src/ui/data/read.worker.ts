// Reads large files off the main thread: parsing and checking every line of one takes seconds.
import { readText, type Found } from './read';

export type FromRowReader = { found: Found } | { failed: string };

const reader = self as unknown as {
  onmessage: ((event: MessageEvent<File>) => void) | null;
  postMessage(message: FromRowReader): void;
};

reader.onmessage = ({ data }) => {
  data
    .text()
    .then(text => reader.postMessage({ found: readText(text) }))
    .catch((error: unknown) => reader.postMessage({ failed: error instanceof Error ? error.message : String(error) }));
};
