// What the tuner's worker does first, whatever app it then serves.
import { serveOverPort } from './page-serve';
import type { CloseTuner, FromTunerWorker, OpenTuner } from './page-wire';

export interface App {
  fetch(request: Request): Response | Promise<Response>;
  close(): Promise<void>;
}

/** The part of a worker's global scope used here. */
interface Scope {
  onmessage: ((event: MessageEvent<OpenTuner | CloseTuner>) => void) | null;
  postMessage(message: FromTunerWorker): void;
}

/** The page waits for this lock: it gets it the moment this worker is gone, however it went. */
const holdLock = (name: string): Promise<void> =>
  new Promise(held => {
    if (!name) return held();
    void navigator.locks.request(name, () => {
      held();
      return new Promise<never>(() => undefined);
    });
  });

export function openInWorker(scope: Scope, make: (open: OpenTuner) => Promise<App>): void {
  let app: App | null = null;
  scope.onmessage = async ({ data }) => {
    try {
      if (data.type === 'close') {
        await app?.close();
        scope.postMessage({ type: 'closed' });
        return;
      }
      await holdLock(data.lock);
      scope.postMessage({ type: 'holding' });
      const made = await make(data);
      app = made;
      serveOverPort(request => made.fetch(request), data.port);
      scope.postMessage({ type: 'opened' });
    } catch (error) {
      scope.postMessage({ type: 'not-opened', message: error instanceof Error ? error.message : String(error) });
    }
  };
}
