// The page's side of the engine against workers that play a part: they die, lose their device, ask.
import { describe, expect, it } from 'vitest';

import type { EngineRow, LoadProgress } from './engine';
import { createWebEngine } from './engine-client';
import type { WebEngineOptions } from './engine-starter';
import type { FetchQuestion } from './permit';
import type { FromEngine, LoadRequest, ToEngine } from './protocol';

interface Stage {
  say(message: FromEngine): void;
  /** As when the operating system ends it. */
  die(words: string): void;
}
type Part = (message: ToEngine, stage: Stage) => void;

/** One part for each worker that is started. */
function theatre(parts: readonly Part[]) {
  const requests: LoadRequest[] = [];
  let started = 0;
  const createWorker = (): Worker => {
    const part = parts[Math.min(started++, parts.length - 1)]!;
    let over = false;
    const worker = {
      onmessage: (_: { data: FromEngine }) => undefined,
      onerror: (_: { message: string; preventDefault(): void }) => undefined,
      terminate: () => void (over = true),
      postMessage: (message: ToEngine) => {
        if (message.type === 'load') requests.push(message.request);
        const stage: Stage = {
          say: data => void setTimeout(() => over || worker.onmessage({ data })),
          die: words => void setTimeout(() => over || worker.onerror({ message: words, preventDefault: () => undefined })),
        };
        part(message, stage);
      },
    };
    return worker as unknown as Worker;
  };
  return { requests, createWorker, started: () => started };
}

const facts = (device: 'wasm' | 'webgpu') => ({
  base: { kind: 'builtin', id: 'x' } as const,
  modelHash: 'h',
  dtype: 'fp32',
  device,
  runtime: 'a test',
  parameters: 1,
});
const loads = (id: number, device: 'wasm' | 'webgpu', { say }: Stage): void => {
  say({ type: 'progress', id, progress: { phase: 'check-device', done: 1, total: 1, device } });
  say({ type: 'loaded', id, loaded: { facts: facts(device), checks: [], maxContext: 64, warnings: [] } });
};
const speaks = (message: ToEngine & { type: 'generate' }, { say }: Stage, upTo = Infinity): void => {
  for (const { id } of message.rows.slice(0, upTo))
    say({
      type: 'updates',
      id: message.id,
      updates: [
        {
          type: 'done',
          output: { id, text: id, finish: 'stop', usage: { promptTokens: 1, newTokens: 1, ms: 1 }, ends: [1], logprobs: [0] },
        },
      ],
    });
  if (upTo === Infinity) say({ type: 'generated', id: message.id });
};
const well =
  (device: 'wasm' | 'webgpu'): Part =>
  (message, stage) => {
    if (message.type === 'load') loads(message.id, device, stage);
    if (message.type === 'generate') speaks(message, stage);
    if (message.type === 'tokenize') stage.say({ type: 'tokenized', id: message.id, prompt: { text: '', tokens: [] } });
  };
/** Loses its device after `rows` rows of a call. */
const loses =
  (device: 'wasm' | 'webgpu', rows: number): Part =>
  (message, stage) => {
    if (message.type !== 'generate') return well(device)(message, stage);
    speaks(message, stage, rows);
    stage.say({ type: 'failed', id: message.id, error: { code: 'device-lost', message: 'The device was lost.' } });
  };

const rows = ['a', 'b', 'c'].map((id): EngineRow => ({
  id,
  messages: [],
  adapter: null,
  sampling: { temperature: 0, topK: 0, topP: 1, minP: 0, maxNewTokens: 1 },
  draw: { seed: 1, qid: id, agent: 0, role: 'generator', round: 1, attempt: 0 },
}));
const never = new AbortController().signal;
const builtin = { kind: 'builtin', id: 'x' } as const;
const hub = { kind: 'hub', id: 'a/b', device: 'webgpu' } as const;

function open(parts: readonly Part[], ref: Parameters<typeof createWebEngine>[0] = builtin, options: WebEngineOptions = {}) {
  const stage = theatre(parts);
  const progress: LoadProgress[] = [];
  const told: string[] = [];
  const engine = createWebEngine(ref, {
    models: 'http://localhost/models/',
    createWorker: stage.createWorker,
    onProgress: p => progress.push(p),
    onRestart: reason => told.push(`died: ${reason}`),
    onRestarted: () => told.push('speaks'),
    ...options,
  });
  return { ...stage, progress, told, engine };
}
async function spoken(engine: Awaited<ReturnType<typeof createWebEngine>>): Promise<string[]> {
  const done: string[] = [];
  await engine.generate(rows, update => update.type === 'done' && done.push(update.output.id), never);
  return done;
}

describe('an engine that loses its device in the middle of a call', () => {
  it('is started again, tells so, and speaks only the rows that are missing', async () => {
    const play = open([loses('webgpu', 1), well('webgpu')]);
    expect(await spoken(await play.engine)).toEqual(['a', 'b', 'c']);
    expect(play.told).toEqual(['died: The device was lost.', 'speaks']);
    expect(play.progress.filter(p => p.phase === 'check-device')).toHaveLength(2);
  });

  it('is given up for wasm the second time, though the model names WebGPU, and the reason is told', async () => {
    const play = open([loses('webgpu', 0), loses('webgpu', 0), well('wasm')], hub);
    const engine = await play.engine;
    expect(await spoken(engine)).toEqual(['a', 'b', 'c']);
    expect(play.requests.map(({ device }) => device)).toEqual(['webgpu', 'webgpu', 'wasm']);
    expect(play.progress.at(-1)!.fellBack).toMatchObject({
      from: 'webgpu',
      to: 'wasm',
      reason: expect.stringContaining('device was lost'),
    });
    expect(engine.facts.device).toBe('wasm');
  });

  it('stops for good when it keeps dying, and may be tried again', async () => {
    const play = open([loses('wasm', 0), loses('wasm', 0), loses('wasm', 0), well('wasm')]);
    const engine = await play.engine;
    await expect(spoken(engine)).rejects.toMatchObject({ code: 'device-lost', message: expect.stringContaining('keeps stopping') });
    expect(await spoken(engine)).toEqual(['a', 'b', 'c']);
  });

  it('is started once for all calls that were under way', async () => {
    const dies: Part = (message, stage) => {
      if (message.type === 'load') loads(message.id, 'wasm', stage);
      if (message.type === 'generate') stage.die('killed');
    };
    const play = open([dies, well('wasm')]);
    const engine = await play.engine;
    const [texts] = await Promise.all([spoken(engine), engine.tokenize([])]);
    expect(texts).toEqual(['a', 'b', 'c']);
    expect(play.started()).toBe(2);
    expect(play.told).toEqual(['died: killed', 'speaks']);
  });
});

describe('a worker that dies while loading', () => {
  const dies =
    (device: 'wasm' | 'webgpu'): Part =>
    (message, stage) => {
      if (message.type !== 'load') return;
      stage.say({ type: 'progress', id: message.id, progress: { phase: 'check-device', done: 1, total: 1, device } });
      stage.die('killed');
    };

  it('on the graphics card is tried without it, and the reason is told', async () => {
    const play = open([dies('webgpu'), well('wasm')], hub);
    expect((await play.engine).facts.device).toBe('wasm');
    expect(play.requests.map(({ device }) => device)).toEqual(['webgpu', 'wasm']);
    expect(play.progress.at(-1)!.fellBack).toMatchObject({ from: 'webgpu', to: 'wasm', reason: expect.stringContaining('killed') });
  });

  it('on the processor says so: there is nothing to fall back to', async () => {
    const play = open([dies('wasm')]);
    await expect(play.engine).rejects.toMatchObject({ code: 'device-lost', message: expect.stringContaining('while loading: killed') });
    expect(play.started()).toBe(1);
  });
});

describe('what a worker wants of another site', () => {
  const question: FetchQuestion = { ref: { kind: 'hub', id: 'a/b' }, host: 'https://hub.example', offer: null };
  const asks: Part = (message, stage) => {
    if (message.type === 'load') stage.say({ type: 'ask', id: message.id, question });
    if (message.type === 'answer' && message.yes) loads(message.id, 'wasm', stage);
    if (message.type === 'answer' && !message.yes)
      stage.say({ type: 'failed', id: message.id, error: { code: 'aborted', message: 'No.' } });
  };

  it('is asked of the page, and refused where nobody can be asked', async () => {
    const asked: FetchQuestion[] = [];
    const consent = async (q: FetchQuestion): Promise<boolean> => asked.push(q) > 0;
    expect((await open([asks], hub, { consent }).engine).maxContext).toBe(64);
    expect(asked).toEqual([question]);
    await expect(open([asks], hub).engine).rejects.toMatchObject({ code: 'aborted' });
  });

  it('is no question any more when the load is cancelled', async () => {
    const abort = new AbortController();
    let over: AbortSignal | undefined;
    const consent = (_: FetchQuestion, signal: AbortSignal): Promise<boolean> => {
      over = signal;
      setTimeout(() => abort.abort(new Error('enough')));
      return new Promise(() => undefined);
    };
    await expect(open([asks], hub, { consent, signal: abort.signal }).engine).rejects.toThrow('enough');
    expect(over!.aborted).toBe(true);
  });
});
