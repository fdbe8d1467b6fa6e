// A long list between threads in parts: packing or unpacking one message of ten thousand events would hold the page up for a tenth of a second
// and more.

const partSize = 200;

export function* inParts<T>(list: readonly T[]): Generator<T[]> {
  for (let at = 0; at < list.length; at += partSize) yield list.slice(at, at + partSize);
}

/** Lets whatever waits have its turn. */
const rest = (): Promise<void> =>
  new Promise(done => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      done();
    };
    port2.postMessage(null);
  });

/** Hands a list to `post` part by part; other work of the page goes on in between. @throws the reason of `signal` */
export async function sendParts<T>(list: readonly T[], post: (part: T[]) => void, signal: AbortSignal): Promise<void> {
  for (const part of inParts(list)) {
    signal.throwIfAborted();
    post(part);
    await rest();
  }
}
