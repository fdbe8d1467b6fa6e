// `/` puts the cursor where a screen is searched or filtered, unless somebody is typing or has switched the keys off.
import { kept } from '../look/keep';

const typing = 'input, textarea, select, [contenteditable]';

/** @returns the field that now has the focus; null where there is none, or the key was meant for something else */
export function findOnSlash(event: KeyboardEvent, screen: Element): HTMLElement | null {
  if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || kept('keys') === 'off') return null;
  if (event.target instanceof Element && event.target.matches(typing)) return null;
  if (document.querySelector('dialog[open]')) return null;
  const field = [...screen.querySelectorAll<HTMLElement>('input[type=search]')].find(one => one.checkVisibility());
  if (!field) return null;
  event.preventDefault();
  field.focus();
  return field;
}
