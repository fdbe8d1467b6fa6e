// All journals of one kind: who may write to which, what is on disk, what waits in memory because the disk refused it.
import type { ChangeKind } from './changes';
import { StoreError } from './errors';
import { Journal, type Receipt, type Save } from './journal';
import { JournalTable } from './journal-table';
import { missing, type JournalHeader, type Kind } from './kind';
import { hold, type Hold, type Locks } from './locks';
import type { Medium } from './medium';
import { schemaOf } from './migrate';
import { StoredReader, type Stored } from './read';

/** A row of a list. `header` is null when this version cannot read it; it can still be exported and deleted. */
export interface Listed<H> {
  id: string;
  title: string;
  at: string;
  state: 'ok' | 'newer' | 'damaged';
  header: H | null;
  /** Events that are in this tab only. */
  unsaved: number;
}

export interface JournalsOptions<E extends { type: string }, H extends JournalHeader> {
  kind: Kind<E, H>;
  medium: Pick<Medium, 'database' | 'save'>;
  /** Name of the database. */
  name: string;
  locks: Locks | null;
  tell(kind: ChangeKind, id: string, events: number): void;
  /** Another tab took a journal that this one wrote to; from then on every append here is refused. */
  lost?(id: string): void;
}

interface Opened<E extends { type: string }, H extends JournalHeader> {
  journal: Journal<E, H>;
  hold: Hold | null;
}

const closed = () => new StoreError('closed', 'There is no connection to the record.', 'Close other Polylogue tabs, or reload this one.');

export class Journals<E extends { type: string }, H extends JournalHeader> {
  readonly #open = new Map<string, Promise<Opened<E, H>>>();
  /** The settled ones of `#open`, for reading without waiting. */
  readonly #journals = new Map<string, Journal<E, H>>();

  constructor(private readonly options: JournalsOptions<E, H>) {}

  /** Starts a journal with its first event and claims it for this tab. @throws StoreError 'duplicate' */
  async create(header: H, start: E): Promise<Receipt> {
    const { kind } = this.options;
    const id = kind.idOf(header);
    if (this.#open.has(id)) throw new StoreError('duplicate', `A ${kind.key} of this id exists.`);
    const opening = this.#claim(id, false, () => {
      const journal = new Journal(kind, header, 0, this.#save);
      journal.begin(start);
      return Promise.resolve(journal);
    });
    const { journal } = await opening;
    try {
      const durable = await journal.flush();
      this.options.tell('created', id, 1);
      return { seq: 0, durable };
    } catch (error) {
      await this.#forget(id);
      throw error;
    }
  }

  /** @throws StoreError 'busy', 'duplicate', 'missing', 'conflict', 'read-only', 'closed' */
  async append(id: string, event: E): Promise<Receipt> {
    const { journal } = await this.#writer(id, false);
    const receipt = await journal.append(event);
    this.options.tell('appended', id, receipt.seq + 1);
    if (this.options.kind.ends(event)) await this.release(id);
    return receipt;
  }

  async claim(id: string, steal: boolean): Promise<void> {
    await this.#writer(id, steal);
  }

  async release(id: string): Promise<void> {
    const opened = await this.#open.get(id)?.catch(() => null);
    await opened?.journal.idle();
    if (opened && opened.journal.unsaved.length === 0) await this.#forget(id);
  }

  /** Those that another tab writes to. */
  async busy(): Promise<Set<string>> {
    const { locks, name, kind } = this.options;
    const { held = [] } = (await locks?.query()) ?? {};
    const prefix = `${name}:${kind.key}:`;
    const ids = held.flatMap(lock => (lock.name?.startsWith(prefix) ? [lock.name.slice(prefix.length)] : []));
    return new Set(ids.filter(id => !this.#open.has(id)));
  }

  /** Newest first; reads headers only. */
  async list(): Promise<Listed<H>[]> {
    const listed = new Map<string, Listed<H>>();
    const table = this.#table();
    if (table)
      for (const record of await table.headers()) {
        const row = this.#listed(record);
        listed.set(row.id, row);
      }
    for (const [id, { header, unsaved }] of this.#journals)
      if (unsaved.length > 0) listed.set(id, { id, title: header.title, at: header.at, state: 'ok', header, unsaved: unsaved.length });
    return [...listed.values()].sort((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0));
  }

  /**
   * @param from leaves out the events before it: they are known already
   * @throws StoreError 'missing', 'damaged', 'read-only' when a newer version wrote what this one cannot show, 'closed'
   */
  async read(id: string, from = 0): Promise<Stored<E, H>> {
    const journal = this.#journals.get(id);
    const [saved, unsaved] = [journal?.saved ?? Infinity, [...(journal?.unsaved ?? [])]];
    if (journal && saved === 0) return { header: journal.header, events: unsaved.slice(from), readOnly: false };
    const stored = new StoredReader(this.options.kind, Math.min(from, saved));
    await this.#connected().walk(
      id,
      Math.min(from, saved),
      header => stored.header(header),
      page => stored.page(page),
    );
    const { header, events, readOnly } = stored.end();
    if (!journal || unsaved.length === 0) return { header, events, readOnly };
    return { header: journal.header, events: [...events, ...unsaved.slice(Math.max(0, from - saved))], readOnly };
  }

  /** @throws StoreError 'missing', 'read-only' */
  async rename(id: string, title: string): Promise<void> {
    const journal = this.#journals.get(id);
    journal?.rename(title);
    if (!journal || journal.saved > 0) await this.#connected().rename(id, title);
    this.options.tell('renamed', id, journal?.header.events ?? 0);
  }

  async remove(id: string): Promise<void> {
    const journal = this.#journals.get(id);
    journal?.revoke(new StoreError('missing', `This ${this.options.kind.key} was deleted.`));
    await journal?.idle();
    if (!journal || journal.saved > 0) await this.#connected().remove(id);
    await this.#forget(id);
    this.options.tell('deleted', id, 0);
  }

  /** Writes a journal that came from elsewhere: durable, or it did not happen. @throws StoreError 'duplicate', 'quota' */
  async insert(header: H, events: readonly E[]): Promise<void> {
    await this.#connected().insert(header, events);
    this.options.tell('created', this.options.kind.idOf(header), events.length);
  }

  /** Schema and events as stored, for what `read` cannot make sense of. @throws StoreError 'missing', 'closed' */
  async raw(id: string): Promise<{ schema: number; events: unknown[] }> {
    let schema = NaN;
    const events: unknown[] = [];
    await this.#connected().walk(
      id,
      0,
      header => (schema = schemaOf(header)),
      page => events.push(...page.map(record => (record as { event?: unknown }).event)),
    );
    return { schema, events: [...events, ...(this.#journals.get(id)?.unsaved ?? [])] };
  }

  /** Tries to write what is in memory only. @throws StoreError */
  async flush(): Promise<boolean> {
    for (const journal of this.#journals.values()) if (!(await journal.flush())) return false;
    return true;
  }

  get unsaved(): number {
    let sum = 0;
    for (const { unsaved } of this.#journals.values()) sum += unsaved.length;
    return sum;
  }

  async close(): Promise<void> {
    for (const id of [...this.#open.keys()]) await this.#forget(id);
  }

  async #forget(id: string): Promise<void> {
    const opened = await this.#open.get(id)?.catch(() => null);
    this.#open.delete(id);
    this.#journals.delete(id);
    opened?.hold?.release();
  }

  #table(): JournalTable<E, H> | null {
    const { database } = this.options.medium;
    return database ? new JournalTable(database, this.options.kind) : null;
  }

  #connected(): JournalTable<E, H> {
    const table = this.#table();
    if (!table) throw closed();
    return table;
  }

  #writer = (id: string, steal: boolean): Promise<Opened<E, H>> =>
    this.#claim(id, steal, async () => {
      const stored = await this.#connected().header(id);
      if (stored === undefined) throw missing(this.options.kind.key);
      const header = this.options.kind.readHeader(stored);
      return new Journal(this.options.kind, header, header.events, this.#save);
    });

  #claim(id: string, steal: boolean, load: () => Promise<Journal<E, H>>): Promise<Opened<E, H>> {
    const known = this.#open.get(id);
    if (known) return known;
    const { kind, locks, name } = this.options;
    const opening = (async (): Promise<Opened<E, H>> => {
      const lost = () => {
        this.#journals
          .get(id)
          ?.revoke(new StoreError('busy', `Another tab took this ${kind.key} over.`, 'Follow it here, or take it back.'));
        this.#open.delete(id);
        this.#journals.delete(id);
        this.options.lost?.(id);
      };
      const held = locks ? await hold(locks, `${name}:${kind.key}:${id}`, steal, lost) : null;
      if (locks && !held) throw new StoreError('busy', `Another tab is writing to this ${kind.key}.`, 'Follow it here, or take it over.');
      try {
        const journal = await load();
        this.#journals.set(id, journal);
        return { journal, hold: held };
      } catch (error) {
        held?.release();
        throw error;
      }
    })();
    this.#open.set(id, opening);
    opening.catch(() => {
      if (this.#open.get(id) === opening) this.#open.delete(id);
    });
    return opening;
  }

  #save: Save<E, H> = (header, saved, events) => {
    const { kind } = this.options;
    const id = kind.idOf(header);
    const waiting = this.#journals.get(id)?.unsaved.length ?? 0;
    return this.options.medium.save(
      database => {
        const table = new JournalTable(database, kind);
        return saved === 0 ? table.insert(header, events) : table.append(id, saved, events);
      },
      events.length,
      waiting,
    );
  };

  #listed(record: unknown): Listed<H> {
    const { kind } = this.options;
    try {
      const header = kind.readHeader(record);
      return { id: kind.idOf(header), title: header.title, at: header.at, state: 'ok', header, unsaved: 0 };
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      const { [kind.key]: id, title, at } = record as Partial<Record<string, unknown>>;
      const text = (value: unknown) => (typeof value === 'string' ? value : '');
      const state = error.code === 'read-only' ? 'newer' : 'damaged';
      return { id: text(id), title: text(title), at: text(at), state, header: null, unsaved: 0 };
    }
  }
}
