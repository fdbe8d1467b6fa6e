// `npm start`: build the page, serve it together with a finetuning endpoint of its own, print where.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { DiskError } from '../tuner/disk';
import { mountTuner } from './mount-tuner';
import { closeOnSignal, root } from './own-tuner';
import { serve } from './serve';

const USAGE = `Usage: npm start -- [--port 4747] [--host localhost] [--no-build] [--data .polylogue/tuner] [--no-tuner]

Builds Polylogue into dist/ and serves it, with a finetuning endpoint at /v1 of the same origin whose files lie in the data folder.
Nothing is downloaded; the built-in model is part of the page. --no-tuner serves the page alone, which can then train in itself.`;

function options() {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string', default: '4747' },
        host: { type: 'string', default: 'localhost' },
        'no-build': { type: 'boolean', default: false },
        data: { type: 'string', default: '.polylogue/tuner' },
        'no-tuner': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const port = Number(values.port);
    if (!Number.isInteger(port) || port < 0 || port > 65535)
      throw new Error(`--port must be a whole number from 0 to 65535, not "${values.port}"`);
    return { ...values, port };
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

const { port, host, help, data, 'no-build': noBuild, 'no-tuner': noTuner } = options();
if (help) {
  console.log(USAGE);
  process.exit(0);
}
if (!noBuild) {
  console.log('Building the page…');
  const { build } = await import('vite');
  await build({ root, logLevel: 'warn' });
}

async function start(withTuner: boolean): Promise<string> {
  const mount = withTuner ? { mount: mountTuner(resolve(data)) } : {};
  const { url, close } = await serve({ dir: resolve(root, 'dist'), port, host, ...mount });
  closeOnSignal(close);
  return url;
}

try {
  let url: string;
  let tunes = !noTuner;
  try {
    url = await start(tunes);
  } catch (error) {
    if (!(error instanceof DiskError) || error.code !== 'busy') throw error;
    console.error(`${error.message}, so this one serves the page without an endpoint (--data DIR gives it one of its own).`);
    tunes = false;
    url = await start(tunes);
  }
  console.log(`Polylogue is at ${url}  (stop with Ctrl+C)`);
  if (tunes) console.log(`It trains on this machine, at ${url}v1; what it is sent lies in ${resolve(data)}`);
} catch (error) {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
  console.error(`Port ${port} is in use. Stop what holds it, or choose another: npm start -- --port ${port + 1}`);
  process.exit(1);
}
