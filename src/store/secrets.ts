// Keys of endpoints that the reader chose to keep: a database of its own, which no exporter opens.
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import type { SecretStore } from '../finetune/keys';
import { asStoreError } from './errors';

interface SecretsDatabase extends DBSchema {
  keys: { key: string; value: { schema: 1; origin: string; secret: string } };
}

export interface Secrets extends SecretStore {
  /** Origins a key is kept for; the keys themselves are never listed. */
  origins(): Promise<string[]>;
  /** Forgets all of them. */
  clear(): Promise<void>;
}

/** Opened at the first use, so that a page that keeps no key never makes the database. Methods throw StoreError where the browser refuses. */
export function openSecrets(name = 'polylogue-secrets'): Secrets {
  let opening: Promise<IDBPDatabase<SecretsDatabase>> | null = null;
  const connect = () =>
    openDB<SecretsDatabase>(name, 1, {
      upgrade: database => void database.createObjectStore('keys', { keyPath: 'origin' }),
      blocking: (_from, _to, event) => (event.target as IDBDatabase).close(),
      terminated: () => (opening = null),
    });
  const using = async <T>(work: (database: IDBPDatabase<SecretsDatabase>) => Promise<T>): Promise<T> => {
    try {
      return await work(await (opening ??= connect()));
    } catch (error) {
      opening = null;
      throw asStoreError(error);
    }
  };
  return {
    get: origin => using(async database => (await database.get('keys', origin))?.secret ?? null),
    set: (origin, secret) => using(async database => void (await database.put('keys', { schema: 1, origin, secret }))),
    delete: origin => using(database => database.delete('keys', origin)),
    origins: () => using(database => database.getAllKeys('keys')),
    clear: () => using(database => database.clear('keys')),
  };
}
