// One tab drives the models; the others follow its journal. A tab may take over: the former one is told and must stop.
import { hold, pageLocks, type Hold, type Locks } from './locks';

const engineName = 'polylogue:engine';

export interface EngineLock {
  /** Takes the engine; false = another tab has it. */
  take(): Promise<boolean>;
  /** Takes it from the tab that has it. */
  steal(): Promise<void>;
  release(): void;
  readonly held: boolean;
  /** Whether another tab has it. */
  elsewhere(): Promise<boolean>;
}

/** @param onLost another tab took over: stop generating, release the runs, follow as a viewer */
export function createEngineLock(onLost: () => void, locks: Locks | null = pageLocks()): EngineLock {
  let mine: Hold | null = null;
  const lost = () => {
    mine = null;
    onLost();
  };
  return {
    async take() {
      // Without Web Locks (plain http on a network address) tabs cannot see each other; the run's sequence check still protects the journal.
      if (!locks || mine) return true;
      mine = await hold(locks, engineName, false, lost);
      return mine !== null;
    },
    async steal() {
      if (locks && !mine) mine = await hold(locks, engineName, true, lost);
    },
    release() {
      mine?.release();
      mine = null;
    },
    get held() {
      return locks === null || mine !== null;
    },
    async elsewhere() {
      if (!locks || mine) return false;
      const { held = [] } = await locks.query();
      return held.some(lock => lock.name === engineName);
    },
  };
}
