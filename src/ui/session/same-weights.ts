// A run goes on only with the weights that it was spoken by.
import type { EngineInfo } from '../../debate/events';
import type { RunState } from '../../debate/fold';

/**
 * Turns of other weights do not belong into one run. Another precision is other weights, too; a run that fell back to one has both.
 * @throws EngineFault
 */
export function checkWeights({ start, engine }: RunState, now: EngineInfo): void {
  if (!start || [start.engine, engine].some(before => before?.modelHash === now.modelHash)) return;
  const { base, dtype, device } = engine ?? start.engine;
  const reason = `This run was spoken by other weights of ${base.id} than the ones loaded here; its turns would not belong together.`;
  // Another device often means another file of the same model.
  const same =
    dtype === now.dtype
      ? 'Load the very files it began with'
      : `It used the ${dtype} file on ${device}, here it would be ${now.dtype} on ${now.device}: choose that device on the Models screen`;
  throw Object.assign(new Error(reason), { code: 'bad-model', hint: `${same}, or start a new run.` });
}
