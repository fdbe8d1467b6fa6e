// All jobs of the endpoint, found again at every start.
import { isTerminal } from '../finetune/wire';
import { readJsonFile, writeJsonFile, type Disk } from './disk';
import type { JobSpec } from './facts';
import { isJobId } from './ids';
import { folderOf, Job } from './job';

export class Jobs {
  #jobs = new Map<string, Job>();
  #number = 0;

  private constructor(
    private readonly disk: Disk,
    private readonly clock: () => number,
  ) {}

  static async open(disk: Disk, clock: () => number): Promise<Jobs> {
    const jobs = new Jobs(disk, clock);
    const found: Job[] = [];
    for (const id of (await disk.list(['jobs'])).filter(isJobId)) {
      const spec = (await readJsonFile(disk, [...folderOf(id), 'job.json'])) as JobSpec | null;
      // A folder without its first file belongs to a request that was never answered.
      if (spec) found.push(await Job.load(spec, disk, clock));
      else await disk.remove(folderOf(id));
    }
    found.sort((a, b) => a.spec.number - b.spec.number);
    for (const job of found) jobs.#jobs.set(job.spec.id, job);
    jobs.#number = found.at(-1)?.spec.number ?? 0;
    return jobs;
  }

  async create(order: Omit<JobSpec, 'schema' | 'number' | 'created'>): Promise<Job> {
    const spec: JobSpec = { schema: 1, number: ++this.#number, created: this.clock(), ...order };
    await writeJsonFile(this.disk, [...folderOf(spec.id), 'job.json'], spec);
    const job = Job.fresh(spec, this.disk, this.clock);
    this.#jobs.set(spec.id, job);
    return job;
  }

  get(id: string): Job | undefined {
    return this.#jobs.get(id);
  }

  /** In order of acceptance, whatever order their requests were finished in. */
  all(): Job[] {
    return [...this.#jobs.values()].sort((a, b) => a.spec.number - b.spec.number);
  }

  active(): Job[] {
    return this.all().filter(({ state }) => !isTerminal(state.status));
  }
}
