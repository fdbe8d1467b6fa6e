// The page's end: a `fetch` whose other side is a port. Nothing above it can tell it from the network's.
import { Incoming, Outgoing } from './page-body';
import type { FromTuner, ToTuner } from './page-wire';

export type TunerFetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/** Answers that may carry no body, by the Fetch standard; `Response` refuses one. */
const bodiless = new Set([101, 103, 204, 205, 304]);

interface Call {
  answer(message: FromTuner & { type: 'response' }): void;
  fail(error: unknown): void;
  sent: Outgoing | null;
  received: Incoming | null;
}

export interface PortFetch {
  fetch: TunerFetch;
  /** Ends every call under way, and every later one, with this error. */
  end(error: Error): void;
}

export function fetchOverPort(port: MessagePort): PortFetch {
  const calls = new Map<number, Call>();
  let last = 0;
  let gone: Error | null = null;
  const say = (message: ToTuner): void => port.postMessage(message);

  const hear = (message: FromTuner): void => {
    const call = calls.get(message.id);
    if (!call) return; // answered after it was given up
    switch (message.type) {
      case 'response':
        return call.answer(message);
      case 'failed':
        return call.fail(new TypeError(message.message));
      case 'pull':
        return void call.sent?.pull();
      case 'chunk':
        return call.received?.chunk(message.bytes);
      case 'end':
        call.received?.end();
        return void calls.delete(message.id);
      case 'broken':
        call.received?.fail(new TypeError(message.message));
        return void calls.delete(message.id);
    }
  };
  port.onmessage = ({ data }: MessageEvent<FromTuner>) => hear(data);

  const fetch: TunerFetch = (url, init = {}) => {
    const id = ++last;
    const { signal, body, method = 'GET' } = init;
    return new Promise((resolve, reject) => {
      if (gone) return reject(gone);
      if (signal?.aborted) return reject(signal.reason);
      // A `Response` turns any kind of body into a stream and names its type, in every browser; `Request.body` is not everywhere.
      const carrier = body === undefined || body === null ? null : new Response(body);
      const headers = new Headers(init.headers);
      const type = carrier?.headers.get('content-type');
      if (type && !headers.has('content-type')) headers.set('content-type', type);

      const over = (): void => {
        calls.delete(id);
        signal?.removeEventListener('abort', abort);
      };
      const fail = (error: unknown): void => {
        over();
        call.sent?.cancel(error);
        call.received?.fail(error);
        reject(error);
      };
      const giveUp = (reason: unknown): void => {
        say({ type: 'abort', id });
        fail(reason);
      };
      const abort = (): void => giveUp(signal!.reason);
      const call: Call = {
        sent: carrier?.body ? new Outgoing(id, carrier.body, port, giveUp) : null,
        received: null,
        fail,
        answer({ status, statusText, headers, body }) {
          if (body && !bodiless.has(status)) {
            call.received = new Incoming(id, port, () => {
              over();
              say({ type: 'abort', id });
            });
          } else over();
          resolve(new Response(call.received?.stream ?? null, { status, statusText, headers }));
        },
      };
      calls.set(id, call);
      signal?.addEventListener('abort', abort, { once: true });
      say({ type: 'request', id, method, url: String(url), headers: [...headers], body: call.sent !== null });
    });
  };

  return {
    fetch,
    end(error) {
      gone ??= error;
      for (const call of [...calls.values()]) call.fail(error);
      port.close();
    },
  };
}
