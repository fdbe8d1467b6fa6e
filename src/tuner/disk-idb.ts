// The endpoint's state in the browser's database, for the tuner that runs in a worker of the page. Who may open it is the page's affair (one lock per browser).
import { openDB, type DBSchema } from 'idb';
import { checkPath, DiskError, type Bytes, type Disk, type Path } from './disk';

interface Schema extends DBSchema {
  /** A file is its pieces in order: a write makes one, an append adds one. */
  pieces: { key: [path: string, piece: number]; value: Bytes };
}

/** In order of keys, an array is before every longer one that begins with it, and '0' is the character after '/'. */
const piecesOf = (path: string) => IDBKeyRange.bound([path], [path, Infinity]);
const under = (path: string) => IDBKeyRange.bound([`${path}/`], [`${path}0`], false, true);

function asDiskError(error: unknown): unknown {
  if (!(error instanceof DOMException)) return error;
  if (error.name === 'QuotaExceededError') return new DiskError('full', 'This browser has no room left for training.', error);
  if (error.name === 'InvalidStateError') return new DiskError('closed', 'The database of the tuner is closed.', error);
  return new DiskError('broken', `The database of the tuner failed (${error.name}).`, error);
}

/** Works in pages and workers. */
export async function openIdbDisk(name = 'polylogue-tuner'): Promise<Disk> {
  const db = await openDB<Schema>(name, 1, {
    upgrade: database => void database.createObjectStore('pieces'),
    // A newer version of this program, or a reader who clears the data, goes first.
    blocking: (_current, _wanted, event) => (event.target as IDBDatabase).close(),
  });
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw asDiskError(error);
    }
  };
  const change = (work: (store: ReturnType<typeof begin>['store']) => Promise<unknown>): Promise<void> =>
    guarded(async () => {
      const tx = begin();
      await Promise.all([work(tx.store), tx.done]);
    });
  // Strict: the promise is kept only once the bytes are on the disk.
  const begin = () => db.transaction('pieces', 'readwrite', { durability: 'strict' });
  const keyOf = (path: Path): string => checkPath(path).join('/');

  return {
    read: path =>
      guarded(async () => {
        const pieces = await db.getAll('pieces', piecesOf(keyOf(path)));
        if (!pieces.length) return null;
        const [first] = pieces;
        if (pieces.length === 1) return first!;
        const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
        let at = 0;
        for (const piece of pieces) {
          whole.set(piece, at);
          at += piece.length;
        }
        return whole;
      }),
    write(path, bytes) {
      const key = keyOf(path);
      return change(async store => {
        await store.delete(piecesOf(key));
        // A copy: a view would drag its whole buffer into the database.
        await store.put(new Uint8Array(bytes), [key, 0]);
      });
    },
    append(path, bytes) {
      const key = keyOf(path);
      return change(async store => {
        const last = await store.openKeyCursor(piecesOf(key), 'prev');
        await store.put(new Uint8Array(bytes), [key, last ? last.key[1] + 1 : 0]);
      });
    },
    list: path =>
      guarded(async () => {
        const folder = keyOf(path);
        const keys = await db.getAllKeys('pieces', under(folder));
        return [...new Set(keys.map(([key]) => key.slice(folder.length + 1).split('/')[0]!))];
      }),
    remove(path) {
      const key = keyOf(path);
      return change(async store => {
        await store.delete(piecesOf(key));
        await store.delete(under(key));
      });
    },
    async close() {
      db.close();
    },
  };
}
