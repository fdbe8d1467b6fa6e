// The worker's end of the line: one model, one queue of calls, in a page's worker or a thread of Node. Unloading a model is ending the worker.
import type { Engine, EngineUpdate } from './engine';
import { toFault } from './fault';
import type { LoadListener } from './load-in-worker';
import type { FetchQuestion } from './permit';
import { exhaustive, type FromEngine, type LoadRequest, type ToEngine } from './protocol';

type Load = (request: LoadRequest, listener: LoadListener, signal: AbortSignal) => Promise<Engine>;

/** What all rows of a step say leaves in one message: each message costs both sides more than what it holds. */
async function inOneGo(say: (updates: EngineUpdate[]) => void, work: (on: (update: EngineUpdate) => void) => Promise<void>): Promise<void> {
  let said: EngineUpdate[] = [];
  const send = (): void => {
    if (said.length) say(said);
    said = [];
  };
  try {
    await work(update => void (said.push(update) === 1 && queueMicrotask(send)));
  } finally {
    send();
  }
}

/** @returns what to do with each message that comes in */
export function serveEngine(say: (message: FromEngine) => void, load: Load): (message: ToEngine) => Promise<void> {
  const running = new Map<number, AbortController>();
  /** Loads that wait for the user. */
  const asked = new Map<number, (yes: boolean) => void>();
  let engine: Engine | undefined;

  const ask = (id: number, question: FetchQuestion, signal: AbortSignal): Promise<boolean> =>
    new Promise((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      asked.set(id, resolve);
      say({ type: 'ask', id, question });
    });

  async function answer(message: Exclude<ToEngine, { type: 'cancel' | 'answer' }>, signal: AbortSignal): Promise<void> {
    const { id } = message;
    if (message.type === 'load') {
      engine = await load(
        message.request,
        { onProgress: progress => say({ type: 'progress', id, progress }), ask: question => ask(id, question, signal) },
        signal,
      );
      const { facts, checks, maxContext, warnings = [] } = engine;
      return say({ type: 'loaded', id, loaded: { facts, checks, maxContext, warnings } });
    }
    if (!engine) throw new Error('no model is loaded');
    switch (message.type) {
      case 'generate':
        await inOneGo(
          updates => say({ type: 'updates', id, updates }),
          on => engine!.generate(message.rows, on, signal),
        );
        return say({ type: 'generated', id });
      case 'score':
        return say({ type: 'scored', id, rows: await engine.score(message.rows, signal) });
      case 'tokenize':
        return say({ type: 'tokenized', id, prompt: await engine.tokenize(message.messages) });
      case 'adopt':
        await engine.adopt(message.agents, signal);
        return say({ type: 'adopted', id, now: { checks: engine.checks, warnings: engine.warnings ?? [] } });
      case 'probe':
        return say({ type: 'probed', id, report: await engine.probe(message.agent, message.file, signal) });
      default:
        return exhaustive(message);
    }
  }

  return async message => {
    if (message.type === 'cancel') {
      running.get(message.id)?.abort(new DOMException('Cancelled.', 'AbortError'));
      return;
    }
    if (message.type === 'answer') {
      asked.get(message.id)?.(message.yes);
      asked.delete(message.id);
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
}
