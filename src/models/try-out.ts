// Weights that somebody brought are tried before they are kept: of this base, in its shapes, with the losses that their trainer recorded.
import { otherBase, otherBaseWords } from './base-identity';
import type { Engine, EngineFault, ProbeReport, TunedFiles } from './engine';

export type Trial =
  /** `probe` null: no `probe.json` came with them, so that they compute what was trained could not be checked. */
  | { taken: true; probe: ProbeReport | null }
  /** @property otherBase by their own words only: the reader may know better */
  | { taken: false; reason: string; otherBase: boolean };

const trialId = 'given by hand';

/**
 * Leaves the engine without other agents: whoever spoke before has to be adopted again.
 * @param anyBase they may name another base
 * @throws EngineFault when that has to do with the engine, not with the files
 */
export async function tryOut(
  engine: Pick<Engine, 'facts' | 'adopt' | 'probe'>,
  files: TunedFiles,
  anyBase: boolean,
  signal: AbortSignal,
): Promise<Trial> {
  const other = anyBase ? null : otherBase(engine.facts.base, files);
  if (other) return { taken: false, reason: otherBaseWords(other), otherBase: true };
  try {
    await engine.adopt(new Map([[trialId, files]]), signal);
    const file = files['probe.json'];
    const probe = file ? await engine.probe(trialId, file, signal) : null;
    if (probe?.passed === false) return { taken: false, reason: probe.reason ?? 'Its probe failed.', otherBase: false };
    return { taken: true, probe };
  } catch (error) {
    const { code, message, hint } = error as Partial<EngineFault>;
    if (code !== 'bad-model') throw error;
    // The name is ours; the reader gave files.
    const reason = [message?.replace(`The adapter ${trialId}`, 'The adapter'), hint].filter(Boolean).join(' ');
    return { taken: false, reason, otherBase: false };
  }
}
