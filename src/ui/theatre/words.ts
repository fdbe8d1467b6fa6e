// Numbers and states in the words of the page.
import { settings } from '../../debate/settings';
import type { Equality } from '../../tasks/question';
import { agentLetter, inWords } from '../look/agents';
import { standingOf, type Standing } from '../../debate/flow';

export type Verdict = Standing;
/** An answer against the truth; without a known truth nothing is claimed. */
export const verdict = standingOf;

export const verdictSign: Record<Verdict, string> = { right: '✓', wrong: '✗', unparsed: '∅', unknown: '' };

/** 0.94 s, 12 s, 3 min 20 s; milliseconds below a tenth of a second. */
export function duration(ms: number): string {
  if (ms < 100) return `${Math.round(ms)} ms`;
  const s = ms / 1000;
  if (s < 10) return `${s.toFixed(s < 1 ? 2 : 1)} s`;
  if (s < 60) return `${Math.round(s)} s`;
  return `${Math.floor(s / 60)} min ${Math.round(s % 60)} s`;
}

export const plural = (count: number, one: string, many = `${one}s`): string => `${grouped(count)} ${count === 1 ? one : many}`;

/** 12345 → 12 345 with a thin space: reads the same in every locale. */
export const grouped = (value: number): string => String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, '\u202f');

/** 1 020 000 → "1.0 M". */
export function parameters(count: number): string {
  for (const [unit, size] of [
    ['B', 1e9],
    ['M', 1e6],
    ['k', 1e3],
  ] as const)
    if (count >= size) return `${(count / size).toFixed(count < size * 10 ? 1 : 0)} ${unit}`;
  return String(count);
}

/** When two answers are one, as the settings say it. */
export function equalityWords(equality: Equality): string {
  const setting = settings.find(({ key }) => key === 'equality');
  return (setting?.kind === 'choice' && setting.options.find(({ value }) => value === equality)?.about) || equality;
}

/** "A, B and C" */
export const lettersInWords = (agents: readonly number[]): string => inWords(agents.map(agentLetter));
