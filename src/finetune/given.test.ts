import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { writeSafetensors } from '../onnx/safetensors';
import { readGiven, resultOf, type GivenFile } from './given';
import { givenByHand } from './given';

const data = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);
const file = (name: string, bytes: Uint8Array<ArrayBuffer> = data(name)): GivenFile => ({
  name,
  size: bytes.length,
  read: async () => bytes,
});
const adapter = ['adapter_config.json', 'adapter_model.safetensors'];

describe('files that are given', () => {
  it('are taken by their names, with a probe, and without what else lies beside them', async () => {
    expect(Object.keys(await readGiven(adapter.map(name => file(name))))).toEqual(adapter);
    const more = [...adapter, 'probe.json', 'optimizer.pt', 'README.md'];
    expect(Object.keys(await readGiven(more.map(name => file(name))))).toEqual([...adapter, 'probe.json']);
    expect(Object.keys(await readGiven(['config.json', 'model.safetensors'].map(name => file(name))))).toHaveLength(2);
  });

  it('may come in an archive, whatever folder they are in', async () => {
    const zip = zipSync({
      'out/critic_1': Object.fromEntries([...adapter, 'probe.json', 'trainer_state.json'].map(name => [name, data(name)])),
    });
    const files = await readGiven([file('critic_1.ZIP', new Uint8Array(zip))]);
    expect(Object.keys(files)).toEqual([...adapter, 'probe.json']);
    expect(new TextDecoder().decode(files['adapter_config.json'])).toBe('adapter_config.json');
  });

  it.each<[string, GivenFile[], RegExp]>([
    ['half of a pair', [file('adapter_model.safetensors')], /^adapter_config\.json is missing/],
    ['no weights', [file('notes.txt')], /no weights among/],
    ['a broken archive', [file('a.zip', data('PK'))], /no archive/],
    [
      'several results',
      [
        file(
          'a.zip',
          new Uint8Array(zipSync(Object.fromEntries(['a/', 'b/'].flatMap(dir => adapter.map(name => [dir + name, data(name)]))))),
        ),
      ],
      /several files called adapter_config/,
    ],
    ['too much', [{ ...file('adapter_model.safetensors'), size: 2 ** 40 }, file('adapter_config.json')], /at most 512 MB/],
  ])('are refused with what to do: %s', async (_, files, message) => {
    await expect(readGiven(files)).rejects.toMatchObject({
      message: expect.stringMatching(message) as string,
      hint: expect.stringMatching(/^Give/) as string,
    });
  });

  it('become the result of a training that nobody watched', () => {
    const tensor = { shape: [2, 3], data: new Float32Array(6) };
    const files = { 'adapter_config.json': data('{}'), 'adapter_model.safetensors': writeSafetensors(new Map([['a', tensor]])) };
    expect(resultOf(files, true)).toMatchObject({ job: givenByHand, model: givenByHand, trainedParameters: 6, steps: [] });
    expect(resultOf(files, true).warnings).toHaveLength(1);
    expect(resultOf(files, false).warnings[1]).toMatch(/No probe\.json/);
  });
});
