// A word this browser remembers. Storage can be forbidden or full; then the word holds for this visit only.

export type KeepStore = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

/** `localStorage` by call, because reading the property already throws where storage is blocked. */
export const pageStore = (): KeepStore => localStorage;

export function kept(name: string, store: () => KeepStore = pageStore): string | null {
  try {
    return store().getItem(`polylogue:${name}`);
  } catch {
    return null;
  }
}

/** @param value null forgets it */
export function keep(name: string, value: string | null, store: () => KeepStore = pageStore): void {
  try {
    if (value === null) store().removeItem(`polylogue:${name}`);
    else store().setItem(`polylogue:${name}`, value);
  } catch {
    // Said above: nothing is lost but the memory of it.
  }
}
