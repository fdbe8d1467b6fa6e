// Bytes in a link and in a file: base64url without padding, deflate, and inflating with a ceiling.
import { ShareError } from './errors';

const chunk = 0x8000;

export function toBase64Url(bytes: Uint8Array): string {
  let binary = '';
  for (let at = 0; at < bytes.length; at += chunk) binary += String.fromCharCode(...bytes.subarray(at, at + chunk));
  // Discord cuts a link at '='.
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/** @throws ShareError 'damaged' */
export function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) {
    throw new ShareError(
      'damaged',
      'The link was changed on the way: it holds characters that no link has.',
      'Ask for it again, or for the run file.',
    );
  }
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), letter => letter.charCodeAt(0));
}

const streamOf = (bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> =>
  new ReadableStream({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });

export async function compress(bytes: Uint8Array<ArrayBuffer>, format: CompressionFormat): Promise<Uint8Array<ArrayBuffer>> {
  const stream = streamOf(bytes).pipeThrough(new CompressionStream(format));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** Reads a stream to its end. @throws ShareError 'too-large' as soon as it passes the ceiling: a bomb is never held */
export async function readUpTo(stream: ReadableStream<Uint8Array>, ceiling: number): Promise<Uint8Array<ArrayBuffer>> {
  const reader = stream.getReader();
  const parts: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > ceiling) {
      // The source may refuse to stop; we have stopped reading either way.
      reader.cancel().catch(() => undefined);
      const limit = `${Math.round(ceiling / 1e6)} MB`;
      throw new ShareError(
        'too-large',
        `It unpacks to more than ${limit}, the most that is opened here.`,
        'Split the run, or open it with the command line.',
      );
    }
    parts.push(value);
  }
  const all = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** @throws ShareError 'damaged', 'too-large' */
export async function inflate(
  bytes: Uint8Array<ArrayBuffer>,
  format: CompressionFormat,
  ceiling: number,
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await readUpTo(streamOf(bytes).pipeThrough(new DecompressionStream(format)), ceiling);
  } catch (error) {
    if (error instanceof ShareError) throw error;
    throw new ShareError('damaged', 'It cannot be unpacked: a part is missing or was changed on the way.', 'Ask for it again.', error);
  }
}
