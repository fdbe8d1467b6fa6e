import { unzipSync, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { sha256Of } from '../datasets/sha256';
import { seededRandom } from '../tasks/arithmetic/random';
import { ShareError } from './errors';
import { mutateBytes } from './mutations.fixture';
import { decodeWeights, encodeWeights, folderName, weightsLimits, type Weights } from './weightsFile';

const utf8 = (text: string) => new TextEncoder().encode(text);

function weights(agent: 'generator_1' | 'critic_2'): Weights {
  const files = {
    'adapter_config.json': utf8('{"r":8}'),
    'adapter_model.safetensors': new Uint8Array(300).map((_, i) => i),
    'probe.json': utf8('{}'),
  };
  return {
    facts: {
      id: `loop/it1/${agent}`,
      loop: 'loop',
      iteration: 1,
      agent,
      base: 'b'.repeat(64),
      dataset: 'd'.repeat(64),
      at: '2026-11-21T00:00:00.000Z',
      files: Object.entries(files).map(([name, data]) => ({ name, bytes: data.length, sha256: sha256Of(data) })),
    },
    files,
  };
}
const all = [weights('generator_1'), weights('critic_2')];
const codeOf = (bytes: Uint8Array<ArrayBuffer>, limits = weightsLimits): string => {
  try {
    decodeWeights(bytes, limits);
    return 'opened';
  } catch (error) {
    return error instanceof ShareError ? error.code : String(error);
  }
};

describe('weights in an archive', () => {
  it('come back byte for byte, in folders that servers of adapters take as names', () => {
    const zip = encodeWeights(all);
    expect(decodeWeights(zip)).toEqual(all);
    const paths = Object.keys(unzipSync(zip));
    expect(paths).toContain('agents/loop-it1-generator_1/adapter_model.safetensors');
    const readme = new TextDecoder().decode(unzipSync(zip)['README.txt']);
    expect(readme).toContain('--lora-modules loop-it1-generator_1=agents/loop-it1-generator_1 loop-it1-critic_2=agents/loop-it1-critic_2');
    expect(folderName({ id: `${'x'.repeat(190)}/it1/critic_2` })).toMatch(/^[a-z0-9][a-z0-9._-]{0,62}$/);
  });

  it('are refused with the right word', () => {
    const files = unzipSync(encodeWeights(all));
    const packed = (change: (files: Record<string, Uint8Array>) => void): Uint8Array<ArrayBuffer> => {
      const own = { ...files };
      change(own);
      return zipSync(own);
    };
    const at = 'agents/loop-it1-critic_2';
    const cases: [string, Uint8Array<ArrayBuffer>, string][] = [
      ['no archive', utf8('hello'), 'damaged'],
      ['cut short', encodeWeights(all).slice(0, 400), 'damaged'],
      ['nothing of ours', zipSync({ 'a.txt': utf8('x') }), 'not-a-run'],
      ['a changed file', packed(f => (f[`${at}/adapter_model.safetensors`] = new Uint8Array(300))), 'damaged'],
      ['a missing file', packed(f => delete f[`${at}/adapter_model.safetensors`]), 'damaged'],
      ['a file nobody named', packed(f => (f[`${at}/model.safetensors`] = new Uint8Array(3))), 'damaged'],
      ['no facts', packed(f => delete f[`${at}/facts.json`]), 'damaged'],
      ['facts of another kind', packed(f => (f[`${at}/facts.json`] = utf8('{"id":"../x"}'))), 'invalid'],
      ['prototype keys', packed(f => (f[`${at}/facts.json`] = utf8('{"__proto__":{"polluted":1}}'))), 'hostile'],
      ['paths that lead out are not looked at', packed(f => (f[`${at}/../../x`] = utf8('x'))), 'opened'],
    ];
    for (const [what, bytes, code] of cases) expect([what, codeOf(bytes)]).toEqual([what, code]);
    // Asked of the directory, before anything is unpacked.
    const bomb = zipSync({ 'agents/a/model.safetensors': new Uint8Array(3_000_000) });
    expect(bomb.length).toBeLessThan(10_000);
    expect(codeOf(bomb, { ...weightsLimits, bytes: 1_000_000 })).toBe('too-large');
    expect(codeOf(encodeWeights(all), { ...weightsLimits, agents: 1 })).toBe('too-large');
  });

  it('changed by chance are refused or unharmed', () => {
    const random = seededRandom('weights 1');
    const zip = encodeWeights(all);
    for (let i = 0; i < 400; i++) {
      const bytes = mutateBytes(zip, random);
      const said = codeOf(bytes);
      expect(['opened', 'damaged', 'invalid', 'hostile', 'not-a-run', 'too-large']).toContain(said);
      if (said === 'opened')
        for (const { facts, files } of decodeWeights(bytes))
          for (const { name, sha256 } of facts.files) expect(sha256Of(files[name]!)).toBe(sha256);
    }
  });
});
