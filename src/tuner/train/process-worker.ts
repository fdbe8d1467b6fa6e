// The process of one job: reads it from the folder named on the command line, trains, writes checkpoints and results into that folder and tells
// about it line by line on stdout (endpoint.md §5). It goes when its parent goes: the channel between them closes however the parent ended.
import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { folderOnDisk } from '../../models/engine-node';
import { loadBase } from './base';
import { readJob, writeFiles } from './job-folder';
import { nodeHost } from './node';
import { asTrainError } from './onnx-engine';
import { train } from './train';

const dir = process.argv[2]!;
const cancel = new AbortController();
process.on('SIGTERM', () => cancel.abort(new Error('cancelled')));
/** Nobody is left to take the result, nor to clear away the rows. */
const leave = (): never => {
  rmSync(dir, { recursive: true, force: true });
  process.exit(1);
};
process.on('disconnect', leave);
process.stdout.on('error', leave);

/** Lines leave in order, and that of a checkpoint when it is whole on disk. */
let lines = Promise.resolve();
const say = (line: object, before?: () => Promise<void>): void => {
  lines = lines.then(before).then(() => void process.stdout.write(`${JSON.stringify(line)}\n`));
  // Awaited in the end; until then a full disk must not end the process without a word.
  lines.catch(() => undefined);
};

try {
  const { base, threads, job } = await readJob(dir);
  const { dir: models, ...place } = base;
  const files = await train(
    nodeHost(threads),
    await loadBase({ ...place, folder: folderOnDisk(models) }),
    job,
    update => {
      if (update.t !== 'checkpoint') return say(update);
      const name = `ckpt-${update.step}`;
      say({ t: 'checkpoint', step: update.step, dir: name }, () => writeFiles(join(dir, name), update.files));
    },
    cancel.signal,
  );
  say({ t: 'done' }, () => writeFiles(join(dir, 'out'), files));
  await lines;
} catch (error) {
  if (!cancel.signal.aborted) {
    const { code, message, param } = asTrainError(error);
    process.stdout.write(`${JSON.stringify({ t: 'error', code, message, param })}\n`);
    process.exitCode = 1;
  }
}
process.off('disconnect', leave);
process.disconnect?.();
