// What the browser promises about this origin's storage. Call from the page: workers have no `persist()`.

export type Persistence = 'granted' | 'refused' | 'unsupported';

/** Asks once, at the first deliberate save: Safari deletes script-written storage after seven days without a visit. */
export async function requestPersistence(storage: StorageManager | undefined = globalThis.navigator?.storage): Promise<Persistence> {
  if (!storage?.persist) return 'unsupported';
  if (await storage.persisted()) return 'granted';
  return (await storage.persist()) ? 'granted' : 'refused';
}

export interface StorageMeter {
  /** Bytes, as estimated by the browser. */
  used: number;
  quota: number;
  /** False = the browser may clear this when it needs room. */
  kept: boolean;
}

/** Null where the browser does not say. */
export async function storageMeter(storage: StorageManager | undefined = globalThis.navigator?.storage): Promise<StorageMeter | null> {
  if (!storage?.estimate) return null;
  const { usage = 0, quota = 0 } = await storage.estimate();
  return { used: usage, quota, kept: await storage.persisted() };
}
