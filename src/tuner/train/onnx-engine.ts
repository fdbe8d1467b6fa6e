// The engine `onnx` in one thread: what Node uses in tests and headless, and what every worker runs inside.
import type { RuntimeTensor } from '../../onnx/train/runtime';
import { TrainError, type BaseModel, type TrainEngine } from '../engine';
import { describeBase, loadBase, placeOf, type Base, type BasePlace } from './base';
import { train, type TrainHost } from './train';

export interface OnnxEngineOptions<T extends RuntimeTensor = RuntimeTensor> extends TrainHost<T> {
  bases: readonly BasePlace[];
  /** Jobs side by side. */
  slots?: number;
}

export function createOnnxEngine<T extends RuntimeTensor>({ bases, slots = 1, ...host }: OnnxEngineOptions<T>): TrainEngine {
  // Jobs of one society share their base; one that failed to load is tried anew.
  const loaded = new Map<string, Promise<Base>>();
  const load = (id: string): Promise<Base> => {
    let base = loaded.get(id);
    if (!base) {
      base = loadBase(placeOf(bases, id));
      loaded.set(id, base);
      base.catch(() => loaded.delete(id));
    }
    return base;
  };
  let described: Promise<BaseModel[]> | undefined;
  return {
    name: 'onnx',
    seededRows: true,
    slots,
    methods: ['supervised', 'dpo'],
    bases: () => (described ??= Promise.all(bases.map(place => describeBase(place)))),
    async train(_id, job, on, signal) {
      try {
        return await train(host, await load(job.base), job, on, signal);
      } catch (error) {
        throw signal.aborted ? signal.reason : asTrainError(error);
      }
    },
  };
}

/** Runtimes tell of exhausted memory in words only. */
const noMemory = /bad_alloc|\bOOM\b|out of memory|failed to allocate|allocation failed|cannot enlarge memory|could not allocate/i;

/** Any failure as one of the closed list. */
export function asTrainError(error: unknown): TrainError {
  if (error instanceof TrainError) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (noMemory.test(message)) return new TrainError('oom', `Training ran out of memory: ${message}`);
  // The stepper's word for a loss that is not a number any more.
  if (/^step \d+: loss/.test(message))
    return new TrainError('invalid_result', `Training diverged at ${message}. A lower learning rate may help.`);
  return new TrainError('internal', message);
}
