// The engines of a page: one worker, and for a small model on wasm one more for each further processor.
import { SMALL_GRAPH } from '../base-model';
import type { EngineFacts, EngineModelRef } from '../engine';
import { createWebEngine } from '../engine-client';
import type { WebEngineOptions } from '../engine-starter';
import { createTeam, type Team } from './team';

interface Machine {
  hardwareConcurrency?: number;
  /** GiB, where a browser tells. */
  deviceMemory?: number;
}

/** Each worker keeps a runtime of its own: some 100 MB, more than the model it is for. */
const MOST = 4;

/** A graphics card is one for all, and larger models share a step among threads of one engine where a page may have them. */
export function teamSize({ device, parameters }: Pick<EngineFacts, 'device' | 'parameters'>, machine: Machine): number {
  if (device !== 'wasm' || parameters * 4 > SMALL_GRAPH) return 1;
  const { hardwareConcurrency: processors = 1, deviceMemory = 8 } = machine;
  if (deviceMemory < 2) return 1;
  // The page itself wants a processor, but where there are only two the second one helps more than it disturbs.
  return Math.max(1, Math.min(MOST, processors > 2 ? processors - 1 : processors));
}

export interface PageTeamOptions extends WebEngineOptions {
  onFewer?(reason: string): void;
}

/** @throws EngineError, or `signal.reason` when the load was cancelled */
export async function createPageTeam(ref: EngineModelRef, { onFewer, ...options }: PageTeamOptions = {}): Promise<Team> {
  const first = await createWebEngine(ref, options);
  return createTeam(first, {
    size: teamSize(first.facts, navigator),
    // The files are here by now: nobody is asked, and nothing is fetched from elsewhere.
    hire: signal => createWebEngine(ref, { ...options, device: 'wasm', onProgress: () => undefined, consent: async () => false, signal }),
    ...(onFewer ? { onFewer } : {}),
  });
}
