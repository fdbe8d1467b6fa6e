// The engine's worker: one model, one queue of calls. Unloading a model is ending the worker.
import type { Engine } from './engine';
import { toFault } from './fault';
import { loadInWorker } from './load-in-worker';
import { exhaustive, type FromEngine, type LoadRequest, type ToEngine } from './protocol';

const running = new Map<number, AbortController>();
let engine: Engine | undefined;

const say = (message: FromEngine): void => self.postMessage(message);

/** The page waits for this lock: it gets it the moment this worker is gone, however it went. */
const holdLock = (name: string): Promise<void> =>
  new Promise(held => {
    if (!name) return held();
    void navigator.locks.request(name, () => {
      held();
      return new Promise<never>(() => undefined);
    });
  });

async function load(id: number, request: LoadRequest, signal: AbortSignal): Promise<void> {
  // Before the first word: the page asks for the lock when it hears one.
  await holdLock(request.lock);
  engine = await loadInWorker(request, progress => say({ type: 'progress', id, progress }), signal);
  const { facts, checks, maxContext } = engine;
  say({ type: 'loaded', id, loaded: { facts, checks, maxContext } });
}

async function answer(message: Exclude<ToEngine, { type: 'cancel' }>, signal: AbortSignal): Promise<void> {
  const { id } = message;
  if (message.type === 'load') return load(id, message.request, signal);
  if (!engine) throw new Error('no model is loaded');
  switch (message.type) {
    case 'generate':
      await engine.generate(message.rows, update => say({ type: 'update', id, update }), signal);
      return say({ type: 'generated', id });
    case 'score':
      return say({ type: 'scored', id, rows: await engine.score(message.rows, signal) });
    case 'tokenize':
      return say({ type: 'tokenized', id, prompt: await engine.tokenize(message.messages) });
    case 'adopt':
      await engine.adopt(message.agents, signal);
      return say({ type: 'adopted', id });
    case 'probe':
      return say({ type: 'probed', id, report: await engine.probe(message.agent, message.file, signal) });
    default:
      return exhaustive(message);
  }
}

self.onmessage = async ({ data: message }: MessageEvent<ToEngine>) => {
  if (message.type === 'cancel') {
    running.get(message.id)?.abort(new DOMException('Cancelled.', 'AbortError'));
    return;
  }
  const abort = new AbortController();
  running.set(message.id, abort);
  try {
    await answer(message, abort.signal);
  } catch (error) {
    say({ type: 'failed', id: message.id, error: toFault(error) });
  } finally {
    running.delete(message.id);
  }
};
