// Against a real engine over a tiny model: what is brought from outside is tried before anything is kept of it.
import { expect, it } from 'vitest';
import { randomAdapter } from '../onnx/fixtures/adapters';
import { tinyConfig } from '../onnx/fixtures/weights';
import { writeAdapter } from '../onnx/peft';
import type { TunedFiles } from './engine';
import { tinyEngine } from './fixtures/tiny-engine';
import { tryOut } from './try-out';

const utf8 = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const never = new AbortController().signal;

const adapter = (baseModel: string | null, config = tinyConfig): TunedFiles => {
  const files = writeAdapter(randomAdapter(config, { rank: 2, seed: 3, strength: 1 }), { alpha: 4, baseModel });
  return { 'adapter_config.json': utf8(files['adapter_config.json']), 'adapter_model.safetensors': files['adapter_model.safetensors'] };
};

it('takes an adapter of this base, and says that no probe came with it', async () => {
  const engine = await tinyEngine();
  expect(await tryOut(engine, adapter(engine.facts.base.id), false, never)).toEqual({ taken: true, probe: null });
  await engine.dispose();
});

it('refuses one that names another base though its shapes are the same, unless that does not matter', async () => {
  const engine = await tinyEngine();
  const files = adapter('lab/other');
  const reason = `It says that it was trained on lab/other; ${engine.facts.base.id} is loaded here.`;
  expect(await tryOut(engine, files, false, never)).toEqual({ taken: false, otherBase: true, reason });
  expect(await tryOut(engine, files, true, never)).toEqual({ taken: true, probe: null });
  await engine.dispose();
});

it('refuses other shapes and files that cannot be read, in words of the files', async () => {
  const engine = await tinyEngine();
  const wide = adapter(null, { ...tinyConfig, hidden: tinyConfig.hidden * 2 });
  const refused = await tryOut(engine, wide, true, never);
  expect(refused).toMatchObject({
    taken: false,
    otherBase: false,
    reason: expect.stringMatching(/^The adapter does not fit this model/) as string,
  });
  const probe = await tryOut(engine, { ...adapter(null), 'probe.json': utf8('{') }, false, never);
  expect(probe).toMatchObject({ taken: false, reason: expect.stringMatching(/probe\.json cannot be used/) as string });
  await engine.dispose();
});
