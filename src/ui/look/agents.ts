// Who is who: each agent has a letter, a shape and a hue, so that no one of them has to be seen.

/** Agent 0 is A; past Z the number is shown. */
export const agentLetter = (agent: number): string => (agent < 26 ? String.fromCharCode(65 + agent) : String(agent + 1));

export const agentName = (agent: number): string => `Agent ${agentLetter(agent)}`;

/** Hues repeat after eight agents; letters do not. */
export const agentSlot = (agent: number): number => agent % 8;

/** CSS colour of an agent's mark. */
export const agentColour = (agent: number): string => `var(--agent-${agentSlot(agent)})`;

/** ● ▲ ■ ◆ ★ ⬟ ⬢ ✚ as paths in a 16 × 16 box: glyphs differ between fonts, paths do not. */
export const agentShapes: readonly string[] = [
  'M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2Z',
  'M8 1.8 14.8 13.6H1.2Z',
  'M2.6 2.6h10.8v10.8H2.6Z',
  'M8 .9 15.1 8 8 15.1.9 8Z',
  'm8 1 2.06 4.76 5.17.45-3.91 3.4 1.17 5.06L8 11.99l-4.49 2.68 1.17-5.06-3.91-3.4 5.17-.45Z',
  'm8 1.3 6.75 4.9-2.58 7.94H3.83L1.25 6.2Z',
  'M4.4 1.8h7.2L15.2 8l-3.6 6.2H4.4L.8 8Z',
  'M5.7 1.6h4.6v4.1h4.1v4.6h-4.1v4.1H5.7v-4.1H1.6V5.7h4.1Z',
];

export const agentShape = (agent: number): string => agentShapes[agentSlot(agent)]!;

/** "A", "A and B", "A, B and C". */
export function inWords(items: readonly string[]): string {
  if (items.length < 2) return items[0] ?? '';
  return `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}
