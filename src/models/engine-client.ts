// The engine as the page sees it: the same interface as in Node, with a worker behind it that is replaced when it dies.
import type { Engine, EngineModelRef, EngineRow, EngineUpdate } from './engine';
import { EngineStarter, isDeath, wordsOf, type WebEngineOptions } from './engine-starter';
import { EngineError } from './fault';

/** Deaths in a row, without a single answer between them, after which it is no accident. */
const MOST_DEATHS = 2;

/**
 * @throws EngineError, or `signal.reason` when the load was cancelled
 */
export async function createWebEngine(ref: EngineModelRef, options: WebEngineOptions = {}): Promise<Engine> {
  const { onRestart, onRestarted, signal = new AbortController().signal } = options;
  const starter = new EngineStarter(ref, options);
  const life = new AbortController();
  let loaded = await starter.start(signal);

  /** Deaths in a row, without a finished answer between them. */
  let deaths = 0;
  let restarting: Promise<void> | null = null;
  const restart = async (error: unknown): Promise<void> => {
    deaths++;
    if (deaths > MOST_DEATHS) {
      deaths = 0;
      throw new EngineError(
        'device-lost',
        `The engine keeps stopping: ${wordsOf(error)}`,
        'Try a smaller model, or wasm instead of WebGPU.',
        error,
      );
    }
    // The second time the graphics card is not trusted any more.
    if (deaths === MOST_DEATHS && loaded.facts.device === 'webgpu') starter.giveUp(`The engine stopped twice: ${wordsOf(error)}`);
    starter.line.close();
    onRestart?.(wordsOf(error));
    try {
      loaded = await starter.start(life.signal);
    } finally {
      onRestarted?.();
    }
  };

  /** Runs `work`; when the engine dies under it, starts the engine again, once for all who wait, and `work` with it. */
  const surviving = async <T>(work: () => Promise<T>, stop: AbortSignal): Promise<T> => {
    for (;;) {
      await orStop(restarting ?? Promise.resolve(), stop);
      const used = starter.line;
      try {
        const result = await work();
        deaths = 0;
        return result;
      } catch (error) {
        if (!isDeath(error) || stop.aborted || life.signal.aborted) throw error;
        if (starter.line === used) restarting ??= restart(error).finally(() => (restarting = null));
      }
    }
  };

  const generate = async (rows: readonly EngineRow[], on: (update: EngineUpdate) => void, stop: AbortSignal): Promise<void> => {
    let left = [...rows];
    const heard = (update: EngineUpdate): void => {
      if (update.type !== 'text') {
        const id = update.type === 'done' ? update.output.id : update.id;
        left = left.filter(row => row.id !== id);
        deaths = 0;
      }
      on(update);
    };
    await surviving(async () => {
      if (left.length)
        await starter.line.call(
          { type: 'generate', rows: left },
          'generated',
          message => message.type === 'updates' && message.updates.forEach(heard),
          stop,
        );
    }, stop);
  };

  const nothing = (): void => undefined;
  const never = new AbortController().signal;
  return {
    get facts() {
      return loaded.facts;
    },
    get checks() {
      return loaded.checks;
    },
    get warnings() {
      return loaded.warnings;
    },
    get maxContext() {
      return loaded.maxContext;
    },
    generate,
    score: (rows, stop) => surviving(async () => (await starter.line.call({ type: 'score', rows }, 'scored', nothing, stop)).rows, stop),
    tokenize: messages =>
      surviving(async () => (await starter.line.call({ type: 'tokenize', messages }, 'tokenized', nothing, never)).prompt, never),
    async adopt(chosen, stop) {
      const { now } = await surviving(() => starter.line.call({ type: 'adopt', agents: chosen }, 'adopted', nothing, stop), stop);
      loaded = { ...loaded, ...now };
      starter.adopted(chosen);
    },
    probe: (agent, file, stop) =>
      surviving(async () => (await starter.line.call({ type: 'probe', agent, file }, 'probed', nothing, stop)).report, stop),
    async dispose() {
      life.abort(new DOMException('The engine was unloaded.', 'AbortError'));
      starter.line.close();
    },
  };
}

/** Waits for `work`, but no longer than `stop`. */
function orStop(work: Promise<void>, stop: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (stop.aborted) return reject(stop.reason as Error);
    const give = (): void => reject(stop.reason as Error);
    stop.addEventListener('abort', give, { once: true });
    work.then(resolve, reject).finally(() => stop.removeEventListener('abort', give));
  });
}
