// The worker's end: hands what comes over the port to the app as a `Request`, and its `Response` back.
import { Incoming, Outgoing } from './page-body';
import type { FromTuner, ToTuner } from './page-wire';

interface Call {
  abort: AbortController;
  received: Incoming | null;
  sent: Outgoing | null;
}

/** Whether `Request` takes a stream as its body; where it does not, it would send the words "[object ReadableStream]". */
function takesStreams(): boolean {
  let asked = false;
  const init = { method: 'POST', body: new ReadableStream(), duplex: 'half' };
  Object.defineProperty(init, 'duplex', { get: () => ((asked = true), 'half') });
  const named = new Request('http://tuner.invalid/', init).headers.has('content-type');
  return asked && !named;
}

/** @returns stops listening */
export function serveOverPort(app: (request: Request) => Response | Promise<Response>, port: MessagePort): () => void {
  const calls = new Map<number, Call>();
  const streams = takesStreams();
  const say = (message: FromTuner): void => port.postMessage(message);

  async function answer(message: ToTuner & { type: 'request' }): Promise<void> {
    const { id, method, url, headers } = message;
    const call: Call = { abort: new AbortController(), received: null, sent: null };
    calls.set(id, call);
    try {
      if (message.body) call.received = new Incoming(id, port, () => undefined);
      const stream = call.received?.stream;
      const body = stream === undefined ? null : streams ? stream : await new Response(stream).blob();
      const init = { method, headers, body, signal: call.abort.signal, duplex: 'half' };
      const response = await app(new Request(url, init));
      if (call.abort.signal.aborted) return void response.body?.cancel();
      if (response.body) call.sent = new Outgoing(id, response.body, port);
      else calls.delete(id);
      const { status, statusText } = response;
      say({ type: 'response', id, status, statusText, headers: [...response.headers], body: call.sent !== null });
    } catch (error) {
      calls.delete(id);
      say({ type: 'failed', id, message: error instanceof Error ? error.message : String(error) });
    }
  }

  const hear = async (message: ToTuner): Promise<void> => {
    if (message.type === 'request') return answer(message);
    const call = calls.get(message.id);
    if (!call) return;
    switch (message.type) {
      case 'abort': {
        calls.delete(message.id);
        const reason = new DOMException('The caller went away.', 'AbortError');
        call.abort.abort(reason);
        call.received?.fail(reason);
        return call.sent?.cancel(reason);
      }
      case 'pull':
        if (call.sent && !(await call.sent.pull())) calls.delete(message.id);
        return;
      case 'chunk':
        return call.received?.chunk(message.bytes);
      case 'end':
        return call.received?.end();
      case 'broken':
        return call.received?.fail(new TypeError(message.message));
    }
  };
  port.onmessage = ({ data }: MessageEvent<ToTuner>) => void hear(data);
  return () => port.close();
}
