// One run of one job: the engine's updates become facts and files as they come, its result is checked before it counts.
import type { Bytes } from './disk';
import { methodOf, TrainError, type Files as TrainFiles, type TrainUpdate } from './engine';
import type { Job } from './job';
import type { Workshop } from './workshop';
import { checkResult, probeWarning, publishedNames } from './results';
import { restOf } from './restart';

/** Files the engine wants back when it resumes; null when there is no checkpoint or a part of it is gone. */
async function resumeFiles({ disk, files }: Workshop, { spec, state }: Job): Promise<{ step: number; files: TrainFiles } | null> {
  const last = state.checkpoints.at(-1);
  if (!last) return null;
  const parts = await Promise.all([
    ...Object.entries(last.files).map(async ([name, id]) => [name, await files.read(id)] as const),
    ...last.rest.map(async name => [name, await disk.read([...restOf(spec.id, last.step), name])] as const),
  ]);
  return parts.every(([, bytes]) => bytes) ? { step: last.step, files: Object.fromEntries(parts) as TrainFiles } : null;
}

/** Published files are stored first: the fact that names them is what makes a checkpoint whole. */
async function publish({ files }: Workshop, job: Job, step: number | null, produced: TrainFiles): Promise<Record<string, string>> {
  const ids: Record<string, string> = {};
  for (const name of publishedNames) {
    const bytes = produced[name];
    if (!bytes) continue;
    const filename = `${job.spec.id}/${step === null ? '' : `step-${step}/`}${name}`;
    ids[name] = (await files.add(bytes, { filename, purpose: 'fine-tune-results', job: job.spec.id, idempotency: null })).id;
  }
  return ids;
}

/** JSON knows no NaN. */
const numbers = <T extends object>(values: T): { [K in keyof T]: number | null } =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, Number.isFinite(value) ? (value as number) : null])) as never;

async function note(shop: Workshop, job: Job, update: TrainUpdate): Promise<void> {
  switch (update.t) {
    case 'plan': {
      const { t: _, ...plan } = update;
      await job.record({ type: 'plan', ...plan });
      return;
    }
    case 'progress': {
      const { t: _, ...step } = update;
      await job.record({ type: 'step', ...step, ...numbers(step), step: step.step, total: step.total, tokens: step.tokens, ms: step.ms });
      return;
    }
    case 'eval': {
      const { t: _, step, ...metrics } = update;
      await job.record({ type: 'eval', step, ...numbers(metrics) });
      return;
    }
    case 'reference':
      return; // that it was heard is all it is for
    case 'warn':
      await job.record({ type: 'note', level: 'warn', message: update.message.slice(0, 2000) });
      return;
    case 'checkpoint': {
      const { step, files } = update;
      if (step <= (job.state.checkpoints.at(-1)?.step ?? 0)) return; // a resumed run passes it again
      const rest = Object.keys(files).filter(name => !publishedNames.includes(name));
      for (const name of rest) await shop.disk.write([...restOf(job.spec.id, step), name], files[name]!);
      await job.record({ type: 'checkpoint', step, files: await publish(shop, job, step, files), rest });
      // Only the last one is resumed from.
      for (const earlier of job.state.checkpoints.slice(0, -1)) await shop.disk.remove(restOf(job.spec.id, earlier.step));
      return;
    }
  }
}

/** Aborts a run whose trainer has said nothing for too long. @param quiet it need not say anything, but goes on once it did */
function watch(abort: AbortController, silence: number, quiet: boolean): { heard(): void; stop(): void } {
  const give = () => abort.abort(new TrainError('timeout', `the trainer said nothing for ${Math.round(silence / 1000)} seconds`));
  let timer = quiet ? undefined : setTimeout(give, silence);
  return {
    heard() {
      clearTimeout(timer);
      timer = setTimeout(give, silence);
    },
    stop: () => clearTimeout(timer),
  };
}

async function need(shop: Workshop, id: string, param: string): Promise<Bytes> {
  const bytes = await shop.files.read(id);
  if (!bytes)
    throw new TrainError(param === 'training_file' ? 'invalid_training_file' : 'invalid_validation_file', 'the file is gone', param);
  return bytes;
}

async function startFrom({ jobs, models }: Workshop, { spec }: Job): Promise<TrainFiles | null> {
  if (!spec.from) return null;
  const { job: id, step } = spec.from;
  const origin = jobs.get(id);
  const found = origin && models.tuned().find(tuned => tuned.job === origin && tuned.step === step);
  const files = found ? await models.load(found) : null;
  if (!files) throw new TrainError('internal', `the model to go on from, ${spec.model}, is gone`, 'model');
  return files;
}

/**
 * Resolves when the job has ended well.
 * @throws TrainError, or the reason `abort` was given
 */
export async function trainJob(shop: Workshop, job: Job, abort: AbortController): Promise<void> {
  const { spec } = job;
  const resume = await resumeFiles(shop, job);
  if (!(await job.record({ type: 'started', resumed: resume?.step ?? null }))) return; // cancelled just now
  const base = await shop.models.base(spec.base);
  if (!base) throw new TrainError('internal', `the base ${spec.base} is gone`, 'model');
  const input = {
    base: spec.base,
    from: await startFrom(shop, job),
    training: await need(shop, spec.training, 'training_file'),
    validation: spec.validation === null ? null : await need(shop, spec.validation, 'validation_file'),
    hyperparameters: spec.hyperparameters,
    seed: spec.seed,
    resume: resume?.files ?? null,
    // A long run keeps about eight.
    checkpointEvery: Math.max(shop.limits.checkpointEvery, Math.ceil(spec.steps / 8)),
  };
  abort.signal.throwIfAborted();
  const silence = watch(abort, shop.limits.silence, shop.engine.quiet ?? false);
  let told: Promise<void> = Promise.resolve();
  const hear = (update: TrainUpdate): void => {
    silence.heard();
    told = told.then(() => (abort.signal.aborted ? undefined : note(shop, job, update)));
    // What cannot be written down must not be trained on; `told` itself is awaited below.
    told.catch(error => abort.abort(error));
  };
  let produced: TrainFiles;
  try {
    produced = await shop.engine.train(spec.id, input, hear, abort.signal);
    await told;
  } catch (error) {
    await told.catch(() => undefined); // the reason the abort was given for
    throw abort.signal.aborted ? abort.signal.reason : error;
  } finally {
    silence.stop();
  }
  abort.signal.throwIfAborted();
  checkResult(produced, base, spec.hyperparameters);
  // Preferences are no matter of likelihood: their trainer judges its probe itself.
  const warning = methodOf(spec.hyperparameters) === 'supervised' ? probeWarning(produced) : null;
  if (warning) await job.record({ type: 'note', level: 'warn', message: warning });
  await job.record({ type: 'succeeded', files: await publish(shop, job, null, produced) });
}
