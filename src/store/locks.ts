// Web Locks as holds that can be released, and that tell when another tab took them by force.

export interface Hold {
  release(): void;
}

/** The part of `LockManager` used here. */
export type Locks = Pick<LockManager, 'request' | 'query'>;

/** Null outside a secure context: then the journal's own sequence check is what keeps two tabs apart. */
export const pageLocks = (): Locks | null => (typeof navigator !== 'undefined' && 'locks' in navigator ? navigator.locks : null);

/**
 * Takes a lock without waiting; null = another tab or worker holds it.
 * @param steal takes it from whoever holds it
 * @param onLost called when somebody else stole it from us
 */
export function hold(locks: Locks, name: string, steal: boolean, onLost: () => void): Promise<Hold | null> {
  return new Promise((resolve, reject) => {
    let release: () => void = () => undefined;
    const until = new Promise<void>(end => (release = end));
    locks
      .request(name, steal ? { steal: true } : { ifAvailable: true }, lock => {
        resolve(lock ? { release } : null);
        return lock ? until : undefined;
      })
      .catch((error: unknown) => {
        // The only way a granted request fails is that it was stolen.
        if (error instanceof DOMException && error.name === 'AbortError') onLost();
        else reject(error as Error);
      });
  });
}
