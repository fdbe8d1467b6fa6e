// What every stage of a loop works with: the state so far, one way to record, one way to tell how far it is.
import type { RunState } from '../debate/fold';
import { foldLoop, type LoopState, type OnFailure } from './fold';
import type { LoopPorts } from './ports';
import type { LoopEvent, ProbeResult, Stage } from './records';
import { runOf } from './debates';

/** The loop stands still and says why; running it again tries the same thing once more. */
export class LoopHalted extends Error {
  override readonly name = 'LoopHalted';
  constructor(
    readonly iteration: number,
    readonly stage: Stage,
    message: string,
    /** Ids of weights that were refused since they name another base: the reader may know better. */
    readonly strangers: readonly string[] = [],
  ) {
    super(message);
  }
}

export interface Context {
  readonly ports: LoopPorts;
  readonly signal: AbortSignal;
  readonly onFailure: OnFailure;
  readonly state: LoopState;
  /** Stores events one after the other; what depends on an event waits for this. */
  record(event: LoopEvent): Promise<void>;
  /** Makes exactly these agents speakable, unless they are already. @returns probes of what was adopted just now */
  adopt(adapters: readonly string[]): Promise<ReadonlyMap<string, ProbeResult | null>>;
  /** Speaks a debate of the loop to its end, or reads what is stored of it. */
  debate(iteration: number, purpose: 'train' | 'evaluate', onTurns: (done: number, total: number) => void): Promise<RunState>;
  /** Tells screens how far a stage is, with the seconds left at the rate of this sitting, or as the caller knows better. */
  meter(iteration: number, stage: Stage, part?: 'score'): (done: number, total: number, left?: number | null) => void;
}

export interface ContextOptions {
  ports: LoopPorts;
  signal: AbortSignal;
  onFailure: OnFailure;
  state: LoopState;
}

export function createContext({ ports, signal, onFailure, state: stored }: ContextOptions): Context {
  let state = stored;
  let writes: Promise<void> = Promise.resolve();
  let speaking: string | null = '';
  let last: { key: string; run: RunState } | null = null;
  return {
    ports,
    signal,
    onFailure,
    get state() {
      return state;
    },
    record(event) {
      writes = writes.then(async () => {
        await ports.append(event);
        state = foldLoop(state, event);
        ports.emit(event);
      });
      return writes;
    },
    async adopt(adapters) {
      const wanted = [...adapters].sort().join('\n');
      if (wanted === speaking) return new Map();
      speaking = null; // unknown until it has succeeded
      const probes = await ports.adopt(adapters, signal);
      speaking = wanted;
      return probes;
    },
    async debate(iteration, purpose, onTurns) {
      const key = `${iteration} ${purpose}`;
      if (last?.key !== key) last = { key, run: await ports.debate(runOf(state, iteration, purpose), onTurns, signal) };
      if (!last.run.finished)
        throw new LoopHalted(iteration, purpose === 'train' ? 'debate' : 'evaluate', 'the debate ended before it was done');
      return last.run;
    },
    meter(iteration, stage, part) {
      const begun = ports.clock();
      let before: number | null = null;
      return (done, total, known) => {
        before ??= done;
        const seconds = (ports.clock() - begun) / 1000;
        const measured = done > before && seconds > 0 ? ((total - done) * seconds) / (done - before) : null;
        const left = done >= total ? 0 : known === undefined ? measured : known;
        ports.emit({ type: 'stage', iteration, stage, ...(part && { part }), done, total, left });
      };
    },
  };
}
