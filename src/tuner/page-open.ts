// What the tuner's worker does first, whatever app it then serves.
import { serveOverPort } from './page-serve';
import type { OpenTuner, TunerOpened } from './page-wire';

export type App = (request: Request) => Response | Promise<Response>;

/** The part of a worker's global scope used here. */
interface Scope {
  onmessage: ((event: MessageEvent<OpenTuner>) => void) | null;
  postMessage(message: TunerOpened): void;
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
  scope.onmessage = async ({ data }) => {
    try {
      await holdLock(data.lock);
      scope.postMessage({ type: 'holding' });
      serveOverPort(await make(data), data.port);
      scope.postMessage({ type: 'opened' });
    } catch (error) {
      scope.postMessage({ type: 'not-opened', message: error instanceof Error ? error.message : String(error) });
    }
  };
}
