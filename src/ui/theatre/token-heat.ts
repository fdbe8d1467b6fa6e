// How surprising each token of a turn was to the model that said it.
import type { Turn } from '../../debate/events';

export interface HeatToken {
  text: string;
  /** Probability at temperature 1, before any filter; null when the recording has none for this token. */
  p: number | null;
  /** 0 = expected … 4 = very surprising; a class of `tokens.css`. */
  heat: 0 | 1 | 2 | 3 | 4;
}

const heatOf = (p: number): HeatToken['heat'] => (p >= 0.9 ? 0 : p >= 0.6 ? 1 : p >= 0.3 ? 2 : p >= 0.1 ? 3 : 4);
export const heatWords = ['90 % and more', '60 to 90 %', '30 to 60 %', '10 to 30 %', 'below 10 %'] as const;

/** Tokens by their end offsets. Text after the last offset (a byte that never became a character) stands alone without a probability. */
export function heatTokens(turn: Pick<Turn, 'text' | 'ends' | 'logprobs'>): HeatToken[] {
  let from = 0;
  const tokens = turn.ends.map((end, i): HeatToken => {
    const text = turn.text.slice(from, end);
    from = Math.max(from, end);
    const logprob = turn.logprobs[i];
    const p = logprob === undefined ? null : Math.exp(Math.min(0, logprob));
    return { text, p, heat: p === null ? 0 : heatOf(p) };
  });
  if (from < turn.text.length) tokens.push({ text: turn.text.slice(from), p: null, heat: 0 });
  return tokens;
}

/** Mean of −ln p in nats, and its exponential; null without probabilities. */
export function surprise(tokens: readonly HeatToken[]): { nats: number; perplexity: number } | null {
  const known = tokens.flatMap(({ p }) => (p === null ? [] : [p]));
  if (!known.length) return null;
  const nats = known.reduce((sum, p) => sum - Math.log(Math.max(p, 1e-30)), 0) / known.length;
  return { nats, perplexity: Math.exp(nats) };
}

/** 97 %, 3.2 %, 0.04 %, < 0.01 % */
export function percent(p: number): string {
  const value = p * 100;
  if (value >= 10) return `${Math.round(value)} %`;
  if (value >= 1) return `${value.toFixed(1)} %`;
  return value >= 0.01 ? `${value.toFixed(2)} %` : '< 0.01 %';
}

/** White space made visible, for tables and tooltips. */
export const visible = (text: string): string => text.replaceAll(' ', '␣').replaceAll('\n', '↵').replaceAll('\t', '⇥') || '(nothing)';
