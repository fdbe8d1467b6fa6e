import { describe, expect, test } from 'vitest';
import { Keys, type SecretStore } from './keys';

function memoryStore(): SecretStore & { kept: Map<string, string> } {
  const kept = new Map<string, string>();
  return {
    kept,
    get: async origin => kept.get(origin) ?? null,
    set: async (origin, secret) => void kept.set(origin, secret),
    delete: async origin => void kept.delete(origin),
  };
}

describe('keys', () => {
  test('are bound to one origin: same host on another port, another scheme and a longer name are others', async () => {
    const keys = new Keys(memoryStore());
    await keys.set('https://tuner.example/base', 'secret-1', true);
    expect(await keys.get('https://tuner.example/v1')).toBe('secret-1');
    for (const url of ['https://tuner.example:8443', 'http://tuner.example', 'https://tuner.example.evil.test', 'https://a.tuner.example'])
      expect(await keys.get(url)).toBe(null);
  });

  test('live in memory unless the reader asked for more, and a later no takes a kept one back', async () => {
    const store = memoryStore();
    const [keys, later] = [new Keys(store), new Keys(store)];
    await keys.set('https://a.test', 'secret-1', false);
    expect([await keys.get('https://a.test'), await later.get('https://a.test'), store.kept.size]).toEqual(['secret-1', null, 0]);
    await keys.set('https://a.test', 'secret-1', true);
    expect([await later.get('https://a.test'), await keys.isKept('https://a.test')]).toEqual(['secret-1', true]);
    await keys.set('https://a.test', 'secret-1', false);
    expect([await later.get('https://a.test'), store.kept.size]).toEqual([null, 0]);
  });

  test('are dropped when the address becomes another origin, and not before', async () => {
    const keys = new Keys(null);
    await keys.set('https://a.test', 'secret-1', false);
    keys.moved('https://a.test', 'https://a.test/base');
    expect(await keys.get('https://a.test')).toBe('secret-1');
    keys.moved('https://a.test/base', 'https://a.tes');
    expect(await keys.get('https://a.test')).toBe(null);
  });

  test('an empty key forgets, and nothing that holds keys can be written out', async () => {
    const store = memoryStore();
    const keys = new Keys(store);
    await keys.set('https://a.test', 'secret-1', true);
    expect(JSON.stringify({ keys })).not.toContain('secret-1');
    await keys.set('https://a.test', '', true);
    expect([await keys.get('https://a.test'), store.kept.size]).toEqual([null, 0]);
  });
});
