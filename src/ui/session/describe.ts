// A run in one line: what it is, who spoke, on what, when.
import type { EngineInfo } from '../../debate/events';
import type { RunState } from '../../debate/fold';
import type { RunConfig } from '../../debate/config';

/** 1_040_000 → `1.0 M`. */
export function parameters(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(1)} B`;
  if (count >= 1e6) return `${(count / 1e6).toFixed(1)} M`;
  return count > 0 ? `${Math.round(count / 1000)} k` : '';
}

export const engineLine = (engine: EngineInfo): string =>
  [engine.base.id, parameters(engine.parameters), engine.dtype, engine.device].filter(part => part !== '').join(' · ');

export const day = (iso: string): string => new Date(iso).toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });

const heard: Record<RunConfig['share'], string> = {
  summary: 'critics read a summary',
  concat: 'critics read the answers',
  none: 'nobody is heard',
};

/** `3 agents · 2 rounds · critics read a summary · T 1 · seed 1` */
export function configLine(config: RunConfig): string {
  const agents = config.seats.length;
  const parts = [
    `${agents} ${agents === 1 ? 'agent' : 'agents'}`,
    `${config.rounds} ${config.rounds === 1 ? 'round' : 'rounds'}`,
    ...(config.rounds > 1 && agents > 1 ? [heard[config.share]] : []),
    `T ${config.sampling.temperature}`,
    `seed ${config.seed}`,
  ];
  return parts.join(' · ');
}

/** @param word how the run came here: `Recorded`, `Live`, `Shared` */
export function sourceLine(word: string, state: RunState): string {
  if (!state.start) return word;
  const { at, config } = state.start;
  const engine = state.engine ?? state.start.engine;
  return `${word} ${day(at)} · ${engineLine(engine)} · seed ${config.seed}`;
}
