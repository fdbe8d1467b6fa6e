import { describe, expect, it } from 'vitest';
import { builtinModel } from '../../debate/defaults';
import type { Engine } from '../../models/engine';
import { asFault, EngineHost, type CreateOptions } from './engine-host.svelte';

const never = new AbortController().signal;
const hub = { kind: 'hub', id: 'owner/name' } as const;

interface Load {
  options: CreateOptions;
  resolve: (engine: Engine) => void;
  reject: (error: unknown) => void;
}

function setting() {
  const loads: Load[] = [];
  const disposed: string[] = [];
  let clock = 0;
  const host = new EngineHost(
    (_, options) =>
      new Promise((resolve, reject) => {
        loads.push({ options, resolve, reject });
        options.signal.addEventListener('abort', () => reject(options.signal.reason as Error));
      }),
    () => (clock += 1000),
  );
  const engine = (name: string): Engine => ({ name, dispose: () => Promise.resolve(void disposed.push(name)) }) as unknown as Engine;
  const settle = () => new Promise<void>(resolve => setTimeout(resolve));
  return { host, loads, disposed, engine, settle };
}

describe('the engine of the page', () => {
  it('is loaded once for all who ask at the same time, and kept', async () => {
    const { host, loads, engine, settle } = setting();
    const both = [host.ensure(builtinModel, 'auto', never), host.ensure(builtinModel, 'auto', never)];
    await settle();
    expect(loads).toHaveLength(1);
    loads[0]!.resolve(engine('a'));
    const [one, two] = await Promise.all(both);
    expect(one).toBe(two);
    expect(await host.ensure(builtinModel, 'auto', never)).toBe(one);
    expect(host.status.kind).toBe('ready');
  });

  it('goes on loading for the others when one of them gives up, and ends when the last one does', async () => {
    const { host, loads, engine, settle } = setting();
    const [one, two] = [new AbortController(), new AbortController()];
    const first = host.ensure(builtinModel, 'auto', one.signal);
    const second = host.ensure(builtinModel, 'auto', two.signal);
    await settle();
    one.abort(new DOMException('Paused.', 'AbortError'));
    await expect(first).rejects.toMatchObject({ code: 'aborted' });
    expect(loads[0]!.options.signal.aborted).toBe(false);
    loads[0]!.resolve(engine('a'));
    expect(await second).toBe(host.engine);
    const third = host.ensure(hub, 'auto', two.signal);
    await settle();
    two.abort(new DOMException('Paused.', 'AbortError'));
    await expect(third).rejects.toMatchObject({ code: 'aborted' });
    expect(loads[1]!.options.signal.aborted).toBe(true);
    await settle();
    expect(host.status.kind).toBe('none');
  });

  it('shows a restart as a load of the engine that is there, and why a device was given up', async () => {
    const { host, loads, engine, settle } = setting();
    const ready = host.ensure(builtinModel, 'auto', never);
    await settle();
    loads[0]!.resolve(engine('a'));
    await ready;
    const { options } = loads[0]!;
    const fellBack = { from: 'webgpu', to: 'wasm', reason: 'The device was lost.' };
    options.onRestart('The device was lost.');
    options.onProgress({ phase: 'download', done: 5, total: 10, fellBack });
    expect(host.engine).toBe(await ready);
    expect(host.status).toMatchObject({ kind: 'ready', fellBack, restart: { progress: { phase: 'download', done: 5 } } });
    options.onRestarted();
    expect(host.status).toMatchObject({ kind: 'ready', fellBack, restart: null });
  });

  it('tells bytes and time left while it downloads', async () => {
    const { host, loads, settle } = setting();
    host.ensure(builtinModel, 'auto', never).catch(() => undefined);
    await settle();
    for (const done of [10, 20, 30]) loads[0]!.options.onProgress({ phase: 'download', done, total: 100 });
    expect(host.status).toMatchObject({ kind: 'loading', progress: { done: 30, total: 100 }, pace: { rate: 10, secondsLeft: 7 } });
    loads[0]!.options.onProgress({ phase: 'compile', done: 0, total: 1 });
    expect(host.status).toMatchObject({ kind: 'loading', pace: { secondsLeft: null } });
  });

  it('goes back to nothing when it is cancelled, and says why when it fails', async () => {
    const { host, loads, settle } = setting();
    const cancelled = host.ensure(builtinModel, 'auto', never);
    await settle();
    host.cancel();
    await expect(cancelled).rejects.toMatchObject({ code: 'aborted' });
    expect(host.status.kind).toBe('none');
    const failing = host.ensure(builtinModel, 'auto', never);
    await settle();
    loads[1]!.reject(Object.assign(new Error('No such model.'), { code: 'bad-model', hint: 'Look again.' }));
    await expect(failing).rejects.toMatchObject({ code: 'bad-model' });
    expect(host.status).toMatchObject({ kind: 'failed', fault: { message: 'No such model.', hint: 'Look again.' } });
  });

  it('lets a newer choice replace a load, and disposes of what it replaces', async () => {
    const { host, loads, disposed, engine, settle } = setting();
    const first = host.ensure(builtinModel, 'auto', never);
    await settle();
    loads[0]!.resolve(engine('first'));
    await first;
    const second = host.ensure(hub, 'auto', never);
    await settle();
    expect(disposed).toEqual(['first']);
    const third = host.ensure(hub, 'wasm', never);
    await expect(second).rejects.toMatchObject({ code: 'aborted' });
    await settle();
    expect(host.status.kind).toBe('loading');
    loads[2]!.resolve(engine('third'));
    await third;
    expect(host.status).toMatchObject({ kind: 'ready', ref: hub });
    await host.unload();
    expect([host.status.kind, disposed]).toEqual(['none', ['first', 'third']]);
  });

  it('shows whatever was thrown', () => {
    expect(asFault('text')).toEqual({ code: 'internal', message: 'text' });
    expect(asFault(null).message).toBe('null');
    expect(asFault(Object.assign(new Error('Taken.'), { code: 'busy', hint: 'Wait.' }))).toEqual({
      code: 'internal',
      message: 'Taken.',
      hint: 'Wait.',
    });
  });
});
