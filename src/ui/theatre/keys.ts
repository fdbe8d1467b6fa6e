// The keyboard of the theatre: which key means what, and when keys are somebody else's.

export type Command = 'toggle' | 'turn-on' | 'turn-back' | 'round-on' | 'round-back' | 'agent-on' | 'agent-back' | 'help';

const commands: Readonly<Record<string, Command>> = {
  ' ': 'toggle',
  ArrowRight: 'turn-on',
  ArrowLeft: 'turn-back',
  ']': 'round-on',
  '[': 'round-back',
  ArrowDown: 'agent-on',
  ArrowUp: 'agent-back',
  '?': 'help',
};

export const keyTable: readonly { keys: string[]; does: string }[] = [
  { keys: ['Space'], does: 'play or pause' },
  { keys: ['←', '→'], does: 'answer before, next answer' },
  { keys: ['[', ']'], does: 'end of the round before, end of this round' },
  { keys: ['↑', '↓'], does: 'follow one agent, or all' },
  { keys: ['/'], does: 'search, on screens that have one' },
  { keys: ['?'], does: 'this list' },
];

export interface KeyPress {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
}

/** What has the focus: something that uses the key itself, a place inside the theatre, nothing at all, or something elsewhere. */
export type Focus = 'field' | 'button' | 'theatre' | 'page' | 'elsewhere';

/**
 * The command of a key press, or null when it is not ours: keys with modifiers, typing in a field, Space on a button,
 * and arrows that would scroll the page while nothing in the theatre has the focus.
 */
export function commandOf(press: KeyPress, focus: Focus): Command | null {
  if (press.ctrlKey || press.metaKey || press.altKey || focus === 'field' || focus === 'elsewhere') return null;
  if (focus === 'button' && press.key === ' ') return null;
  if (focus === 'page' && (press.key === 'ArrowUp' || press.key === 'ArrowDown')) return null;
  return Object.hasOwn(commands, press.key) ? commands[press.key]! : null;
}

/** @param theatre the theatre's element */
export function focusOf(target: EventTarget | null, theatre: Element): Focus {
  if (!(target instanceof Element) || target === document.body || target === document.documentElement) return 'page';
  if (target.closest('dialog, [popover]')) return 'elsewhere';
  if (!theatre.contains(target)) return 'elsewhere';
  if (target.matches('input:not([type=range], [type=checkbox]), textarea, select, [contenteditable]')) return 'field';
  // A slider keeps its arrows; the rest of the keys are free.
  if (target.matches('input[type=range]')) return 'field';
  return target.closest('button, summary, a, input') ? 'button' : 'theatre';
}
