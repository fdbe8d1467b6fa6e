// Weights that name another base than the model are not spoken with, unless the command line says so.
import { expect, test } from 'vitest';
import type { Engine, TunedFiles } from '../models/engine';
import type { LoopFolder } from './loop-folder';
import { nodePorts } from './loop-ports';

const naming = (base: string): TunedFiles => ({
  'adapter_config.json': new TextEncoder().encode(JSON.stringify({ peft_type: 'LORA', base_model_name_or_path: base })),
});

async function adopt(anyBase: boolean) {
  const kept: Record<string, TunedFiles> = { own: naming('/somewhere/abacus'), other: naming('lab/other') };
  const spoken: string[] = [];
  const folder = { readAdapter: async (id: string) => kept[id] } as unknown as LoopFolder;
  const engine = {
    facts: { base: { kind: 'builtin', id: 'abacus' } },
    adopt: async (agents: ReadonlyMap<string, TunedFiles>) => void spoken.push(...agents.keys()),
  } as unknown as Engine;
  const rest = {
    onStored: () => undefined,
    onLive: () => undefined,
    endpoint: { finetune: () => Promise.reject(new Error()), close: async () => undefined },
  };
  const ports = nodePorts({ folder, engine, width: 8, anyBase, ...rest });
  const probes = await ports.adopt(['own', 'other'], new AbortController().signal);
  return { spoken, probes: Object.fromEntries(probes) };
}

test('refuses them with both names', async () => {
  expect(await adopt(false)).toEqual({
    spoken: ['own'],
    probes: {
      own: null,
      other: {
        deviation: 0,
        bound: 0,
        passed: false,
        otherBase: true,
        reason: 'It says that it was trained on lab/other; abacus is loaded here.',
      },
    },
  });
});

test('uses them with --any-base', async () => {
  expect(await adopt(true)).toEqual({ spoken: ['own', 'other'], probes: { own: null, other: null } });
});
