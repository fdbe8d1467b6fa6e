// What a job may begin with: the bases of the engine, and every result that is still there.
import type { ModelObject } from '../finetune/wire';
import type { BaseModel, Files as Bytes, Method, TrainEngine } from './engine';
import type { Inherited } from './hyperparameters';
import type { Files } from './files';
import type { Job } from './job';
import type { Jobs } from './jobs';
import { checkpointModel, organisation } from './views';

export interface Tuned {
  id: string;
  job: Job;
  step: number;
  /** Ids by basename. */
  files: Record<string, string>;
  created: number;
  /** A checkpoint on the way, not the end. */
  checkpoint: boolean;
}

const features = ['lora', 'full', 'continue', 'validation', 'checkpoints', 'adapter_files', 'events_sse', 'idempotency'];

export class Models {
  #bases: Promise<BaseModel[]> | null = null;

  constructor(
    private readonly engine: TrainEngine,
    private readonly jobs: Jobs,
    private readonly files: Files,
    private readonly started: number,
  ) {}

  get methods(): readonly Method[] {
    return this.engine.methods ?? ['supervised'];
  }

  bases(): Promise<BaseModel[]> {
    // A failure is not remembered: the folder of models may be mended while the endpoint runs.
    return (this.#bases ??= this.engine.bases().catch((error: unknown) => {
      this.#bases = null;
      throw error;
    }));
  }

  async base(id: string): Promise<BaseModel | undefined> {
    return (await this.bases()).find(base => base.id === id);
  }

  tuned(): Tuned[] {
    return this.jobs.all().flatMap(job => {
      const { spec, state } = job;
      const about = (id: string, step: number, files: Record<string, string>, at: number, checkpoint: boolean): Tuned => ({
        ...{ id, job, step, files, created: at, checkpoint },
      });
      const whole =
        state.status === 'succeeded' && !state.modelDeleted ? [about(spec.tuned, state.step, state.files, state.finished ?? 0, false)] : [];
      const steps = state.checkpoints.map(c => about(checkpointModel(spec, c.step), c.step, c.files, c.at, true));
      return [...whole, ...steps];
    });
  }

  find(id: string): Tuned | undefined {
    return this.tuned().find(model => model.id === id);
  }

  inherited(tuned: Tuned): Inherited {
    const { lora, lora_r, lora_alpha } = tuned.job.spec.hyperparameters;
    return { lora, lora_r, lora_alpha };
  }

  /** The result files to go on from; null when one of them is gone. */
  async load(tuned: Tuned): Promise<Bytes | null> {
    const entries = await Promise.all(Object.entries(tuned.files).map(async ([name, id]) => [name, await this.files.read(id)] as const));
    return entries.every(([, bytes]) => bytes !== null) ? (Object.fromEntries(entries) as Bytes) : null;
  }

  async objects(): Promise<ModelObject[]> {
    const bases = (await this.bases()).map((base): ModelObject => ({
      id: base.id,
      object: 'model',
      created: Math.floor(this.started / 1000),
      owned_by: organisation,
      tuner: {
        trainable: true,
        hf_repo: base.repo,
        revision: base.revision,
        max_lora_r: base.maxRank,
        target_modules: base.targetModules,
        max_context: base.maxContext,
        methods: [...this.methods],
        engine: this.engine.name,
        slots: this.engine.slots,
        parameters: base.parameters,
        features: [...features, ...(this.engine.seededRows ? ['seeded_rows'] : [])],
      },
    }));
    const tuned = this.tuned().map(({ id, created }): ModelObject => ({
      ...{ id, object: 'model', created: Math.floor(created / 1000), owned_by: organisation, tuner: undefined },
    }));
    return [...bases, ...tuned];
  }
}
