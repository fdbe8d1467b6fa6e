// What the page's loop lets speak: weights that name another base do not, until the reader says so.
import { expect, test } from 'vitest';
import type { TunedFiles } from '../../models/engine';
import type { Session } from '../session/session.svelte';
import { driverPorts } from './driver';

const naming = (base: string): TunedFiles => ({
  'adapter_config.json': new TextEncoder().encode(JSON.stringify({ peft_type: 'LORA', base_model_name_or_path: base })),
});

test.each([false, true])('an adapter of another base, the reader asked for it: %s', async anyway => {
  const files: Record<string, TunedFiles> = { own: naming('abacus'), other: naming('lab/other') };
  const spoken: string[] = [];
  const store = { adapters: { read: async (id: string) => ({ record: anyway ? { anyway } : {}, files: files[id] }) } };
  const session = {
    record: { store: Promise.resolve(store) },
    models: {
      assemble: async (_: unknown, ids: string[]) => {
        spoken.push(...ids);
        return { engine: {}, files: new Map(ids.map(id => [id, files[id]])) };
      },
    },
  } as unknown as Session;
  const byHand = { wait: () => Promise.reject(new Error('not in this test')) };
  const endpoint = { kind: 'page' as const, origin: null, finetune: () => Promise.reject(new Error('not in this test')) };
  const base = { kind: 'builtin', id: 'abacus' } as const;
  const rest = { steal: false, append: async () => undefined, emit: () => undefined, now: () => '', clock: () => 0 };
  const probes = await driverPorts({ session, endpoint, byHand, loop: 'loop', base, ...rest }).adopt(
    ['own', 'other'],
    new AbortController().signal,
  );
  expect(spoken).toEqual(anyway ? ['own', 'other'] : ['own']);
  expect(probes.get('own')).toBeNull();
  expect(probes.get('other')).toEqual(
    anyway
      ? null
      : expect.objectContaining({ passed: false, otherBase: true, reason: expect.stringContaining('trained on lab/other; abacus') }),
  );
});
