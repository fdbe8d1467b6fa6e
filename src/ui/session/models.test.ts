// Who may load the models, and which agents they speak as. That tabs take them from each other: `test/browser/record.test.ts`.
import { expect, test } from 'vitest';
import { builtinModel } from '../../debate/defaults';
import { configOf } from '../../debate/scripted.fixture';
import type { Engine } from '../../models/engine';
import type { Adapters } from '../../store/adapters';
import type { EngineHost } from './engine-host.svelte';
import { Models, type ModelsDeps } from './models.svelte';

const never = new AbortController().signal;
const society = (generator: string | null) => ({ ...configOf({ agents: 1 }), seats: [{ generator, critic: null }] });

function setting({ free = true } = {}) {
  const adopted: string[][] = [];
  const did: string[] = [];
  let lost = () => {};
  const lock = {
    take: async () => free,
    steal: async () => void (free = true),
    elsewhere: async () => !free,
    release: () => did.push('released'),
  };
  const host = {
    engine: {
      facts: { modelHash: 'base' },
      adopt: async (files: Map<string, unknown>) => void adopted.push([...files.keys()]),
    } as unknown as Engine,
    ensure: async () => host.engine,
    unload: async () => void did.push('unloaded'),
  };
  const models = new Models({
    engine: host as unknown as EngineHost,
    lock: async onLost => ((lost = onLost), lock) as unknown as Awaited<ReturnType<ModelsDeps['lock']>>,
    device: () => 'wasm',
    adapters: async () => ({ read: async (id: string) => ({ record: { base: id.slice(0, 4) }, files: {} }) }) as unknown as Adapters,
    quiet: async () => void did.push('quiet'),
  });
  return { models, host, adopted, did, lose: () => lost() };
}

test('a tab that finds the models taken says so, and has them once it takes them', async () => {
  const { models } = setting({ free: false });
  await models.look();
  expect(models.elsewhere).toBe(true);
  await expect(models.engineOf(builtinModel, never)).rejects.toMatchObject({ name: 'EngineElsewhere' });
  await models.take();
  expect(models.elsewhere).toBe(false);
  await models.engineOf(builtinModel, never);
});

test('what speaks here pauses before the models go, whoever wants them gone', async () => {
  const { models, did, lose } = setting();
  await models.engineOf(builtinModel, never);
  lose();
  expect(models.tookOver).toBe(true);
  expect(did.splice(0)).toEqual(['quiet', 'unloaded']);
  await models.unload();
  expect(did).toEqual(['quiet', 'unloaded', 'released']);
});

test('agents are adopted for a debate that names others than those there, and again for a new engine', async () => {
  const { models, host, adopted } = setting();
  await models.engineFor(society(null), never);
  expect(adopted).toEqual([]);
  await models.assemble(builtinModel, ['base/a', 'base/b'], never);
  await models.engineFor(society('base/a'), never);
  await models.engineFor(society(null), never);
  expect(adopted.splice(0)).toEqual([['base/a', 'base/b']]);
  await models.engineFor(society('base/c'), never);
  expect(adopted.splice(0)).toEqual([['base/c']]);
  host.engine = { ...host.engine };
  await models.engineFor(society('base/c'), never);
  expect(adopted).toEqual([['base/c']]);
});

test('weights that were trained on another base are refused', async () => {
  const { models, adopted } = setting();
  await expect(models.assemble(builtinModel, ['else/a'], never)).rejects.toMatchObject({ code: 'conflict' });
  expect(adopted).toEqual([]);
});
