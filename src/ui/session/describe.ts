// A run in one line: what it is, who spoke, on what, when.
import type { EngineInfo } from '../../debate/events';
import type { RunState } from '../../debate/fold';
import type { RunConfig } from '../../debate/config';
import { parameters } from '../theatre/words';

export const engineLine = (engine: EngineInfo): string =>
  [engine.base.id, engine.parameters > 0 ? parameters(engine.parameters) : '', engine.dtype, engine.device]
    .filter(part => part !== '')
    .join(' · ');

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

/** Which weights exactly: the hub's revision where there is one, and the beginning of the file's hash. */
export function weightsWords({ base, modelHash }: EngineInfo): string {
  const revision = base.kind === 'hub' && base.revision ? `revision ${base.revision.slice(0, 8)}, ` : '';
  return `${revision}weights ${modelHash.slice(0, 8)}`;
}

/** @param word how the run came here: `Recorded`, `Live`, `Shared` */
export function sourceLine(word: string, state: RunState): string {
  if (!state.start) return word;
  const { at, config } = state.start;
  const engine = state.engine ?? state.start.engine;
  return `${word} ${day(at)} · ${engineLine(engine)} · ${weightsWords(engine)} · seed ${config.seed}`;
}
