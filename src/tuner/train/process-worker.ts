// The process of one job: reads it from the folder named on the command line, trains, writes checkpoints and results into that folder and tells
// about it line by line on stdout (endpoint.md §5). It goes when its parent goes: the channel between them closes however the parent ended.
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
process.on('disconnect', () => process.exit(1));
process.stdout.on('error', () => process.exit(1));

const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

/** Checkpoints are written one after another, and the result after the last of them. */
let writing = Promise.resolve();

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
      writing = writing
        .then(() => writeFiles(join(dir, name), update.files))
        .then(() => say({ t: 'checkpoint', step: update.step, dir: name }));
    },
    cancel.signal,
  );
  await writing;
  await writeFiles(join(dir, 'out'), files);
  say({ t: 'done' });
} catch (error) {
  if (!cancel.signal.aborted) {
    const { code, message, param } = asTrainError(error);
    say({ t: 'error', code, message, param });
    process.exitCode = 1;
  }
}
process.disconnect?.();
