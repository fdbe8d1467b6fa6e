import { describe, expect, it } from 'vitest';
import { keep, kept, type KeepStore } from './keep';
import { applyTheme, readTheme } from './theme';

function memory(): KeepStore {
  const words = new Map<string, string>();
  return {
    getItem: key => words.get(key) ?? null,
    setItem: (key, value) => void words.set(key, value),
    removeItem: key => void words.delete(key),
  };
}
const forbidden = (): KeepStore => {
  throw new DOMException('blocked', 'SecurityError');
};

describe('theme', () => {
  it('is remembered, and forgotten when the system shall decide', () => {
    const store = memory();
    const root = { dataset: {} as DOMStringMap };
    applyTheme('dark', root, () => store);
    expect([root.dataset.theme, readTheme(() => store)]).toEqual(['dark', 'dark']);
    applyTheme('system', root, () => store);
    expect([root.dataset.theme, readTheme(() => store)]).toEqual([undefined, 'system']);
  });
  it('works where storage is blocked, and with words nobody knows', () => {
    const root = { dataset: {} as DOMStringMap };
    applyTheme('light', root, forbidden);
    expect([root.dataset.theme, readTheme(forbidden)]).toEqual(['light', 'system']);
    const store = memory();
    keep('theme', 'sepia', () => store);
    expect([kept('theme', () => store), readTheme(() => store)]).toEqual(['sepia', 'system']);
  });
});
