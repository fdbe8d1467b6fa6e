// Which of the two papers is on the table: the system's choice unless the reader made one.
import { keep, kept, pageStore, type KeepStore } from './keep';

export type Theme = 'system' | 'light' | 'dark';
export const themes: readonly Theme[] = ['system', 'light', 'dark'];

export function readTheme(store: () => KeepStore = pageStore): Theme {
  const name = kept('theme', store);
  return name === 'light' || name === 'dark' ? name : 'system';
}

/** Sets `data-theme` on the root element, which `tokens.css` reads, and remembers it. */
export function applyTheme(theme: Theme, root: Pick<HTMLElement, 'dataset'>, store: () => KeepStore = pageStore): void {
  if (theme === 'system') delete root.dataset.theme;
  else root.dataset.theme = theme;
  keep('theme', theme === 'system' ? null : theme, store);
}
