// Tells a lost graphics card from any other failure. onnxruntime does not: a run on a lost device fails with the words of whatever step came
// next, or not at all, and rows would fail one by one where the engine should be started again.
import { EngineError } from './fault';

/** A run may fail a moment before the browser says that the device is gone. */
const MOMENT = 500;

type Lost = Pick<GPUDevice, 'lost'>;

export interface GpuWatch {
  /** @throws EngineError `device-lost` as soon as the device is gone; else what `work` does */
  orLost<T>(work: () => Promise<T>): Promise<T>;
}

export function watchGpu({ lost }: Lost, moment = MOMENT): GpuWatch {
  let gone: EngineError | null = null;
  const loss = lost.then(({ message }) => {
    const words = message.trim().replace(/\.*$/, '');
    gone = new EngineError(
      'device-lost',
      `The graphics card was lost${words ? ` (${words})` : ''}.`,
      'Load the model again, or choose wasm as the device.',
    );
    return gone;
  });
  const fail = async (): Promise<never> => {
    throw await loss;
  };
  return {
    async orLost(work) {
      if (gone) throw gone;
      try {
        return await Promise.race([work(), fail()]);
      } catch (error) {
        const known = gone ?? (await Promise.race([loss, later(moment)]));
        throw known ?? error;
      }
    },
  };
}

const later = (ms: number): Promise<null> => new Promise(resolve => setTimeout(resolve, ms, null));
