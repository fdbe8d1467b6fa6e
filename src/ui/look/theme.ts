// Which of the two papers is on the table: the system's choice unless the reader made one.

export type Theme = 'system' | 'light' | 'dark';
export const themes: readonly Theme[] = ['system', 'light', 'dark'];

/** Where a theme is kept; `localStorage` in the page. A store that refuses (private mode) costs only the memory of the choice. */
export type ThemeStore = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
const key = 'polylogue:theme';

export function readTheme(store: () => ThemeStore): Theme {
  try {
    const kept = store().getItem(key);
    return kept === 'light' || kept === 'dark' ? kept : 'system';
  } catch {
    // Storage can be forbidden altogether; then the system decides.
    return 'system';
  }
}

/** Sets `data-theme` on the root element, which `tokens.css` reads, and remembers it. */
export function applyTheme(theme: Theme, root: HTMLElement, store: () => ThemeStore): void {
  if (theme === 'system') delete root.dataset.theme;
  else root.dataset.theme = theme;
  try {
    if (theme === 'system') store().removeItem(key);
    else store().setItem(key, theme);
  } catch {
    // As above: the choice holds for this visit.
  }
}
