// The engine's worker in a page.
import { loadInWorker } from './load-in-worker';
import { serveEngine } from './serve-engine';

/** The page waits for this lock: it gets it the moment this worker is gone, however it went. */
const holdLock = (name: string): Promise<void> =>
  new Promise(held => {
    if (!name) return held();
    void navigator.locks.request(name, () => {
      held();
      return new Promise<never>(() => undefined);
    });
  });

const hear = serveEngine(
  message => self.postMessage(message),
  async (request, listener, signal) => {
    // Before the first word: the page asks for the lock when it hears one.
    await holdLock(request.lock);
    return loadInWorker(request, listener, signal);
  },
);
self.onmessage = ({ data }: MessageEvent) => void hear(data);
