// One job: what was asked, what happened, and the only way to make something happen to it.
import { appendLine, readLines, type Disk, type Path } from './disk';
import { newJob, reduce, type Fact, type FactBody, type JobSpec, type JobState } from './facts';

export class Job {
  #state: JobState;
  #last: Promise<unknown> = Promise.resolve();
  readonly #listeners = new Set<(fact: Fact) => void>();

  private constructor(
    readonly spec: JobSpec,
    state: JobState,
    private readonly disk: Disk,
    private readonly clock: () => number,
  ) {
    this.#state = state;
  }

  static fresh(spec: JobSpec, disk: Disk, clock: () => number): Job {
    return new Job(spec, newJob, disk, clock);
  }

  /** Folds the log anew. A torn last line is cut off, so that the next one starts at the beginning of a line. */
  static async load(spec: JobSpec, disk: Disk, clock: () => number): Promise<Job> {
    const path = logOf(spec.id);
    const { lines, torn } = await readLines(disk, path);
    let state = newJob;
    lines.forEach((line, at) => {
      const next = reduce(state, JSON.parse(line) as Fact);
      if (!next) throw new Error(`line ${at + 1} of the log of ${spec.id} cannot follow the line before it`);
      state = next;
    });
    if (torn) await disk.write(path, new TextEncoder().encode(lines.map(line => `${line}\n`).join('')));
    return new Job(spec, state, disk, clock);
  }

  get state(): JobState {
    return this.#state;
  }

  /**
   * Makes a fact durable and then true; facts of one job happen one after the other.
   * @returns false when it cannot happen in the state the job is in by then
   */
  record(body: FactBody): Promise<boolean> {
    const done = this.#last.then(async () => {
      const fact: Fact = { ...body, seq: this.#state.seq + 1, at: this.clock() };
      const next = reduce(this.#state, fact);
      if (!next) return false;
      await appendLine(this.disk, logOf(this.spec.id), fact);
      this.#state = next;
      for (const listener of this.#listeners) listener(fact);
      return true;
    });
    this.#last = done.catch(() => undefined);
    return done;
  }

  async facts(): Promise<Fact[]> {
    const { lines } = await readLines(this.disk, logOf(this.spec.id));
    // A line may be on the disk a moment before it is true.
    return lines.slice(0, this.#state.seq).map(line => JSON.parse(line) as Fact);
  }

  /** Calls back for every fact from now on. @returns what ends it */
  subscribe(listener: (fact: Fact) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

export const folderOf = (id: string): Path => ['jobs', id];
const logOf = (id: string): Path => ['jobs', id, 'events.jsonl'];
