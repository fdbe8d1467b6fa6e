// `npm start`: build the page, serve it together with a finetuning endpoint of its own, print where.
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { DiskError } from '../tuner/disk';
import { CliError } from './errors';
import { mountTuner } from './mount-tuner';
import { checkAccess, checkedToken, closeOnSignal, isLoopback, ownModels, root } from './own-tuner';
import { serve } from './serve';

const USAGE = `Usage: npm start -- [--port 4747] [--no-build] [--data .polylogue/tuner] [--models DIR] [--no-tuner]
       npm start -- --host 0.0.0.0 --token T --allow-host NAME

Builds Polylogue into dist/ and serves it, with a finetuning endpoint at /v1 of the same origin whose files lie in the data folder.
Nothing is downloaded; the built-in model is part of the page.

  --no-tuner          serves the page alone, which can then train in itself
  --models DIR        folder of model folders to train (those of the page when left out)
  --host H            interface to listen on (localhost). Any other is reached by others: the endpoint then needs --token and
                      --allow-host, and the page asks for the token; or leave it out with --no-tuner
  --token T           what clients must send; made and kept in the data folder when left out
  --allow-host NAME   value of the Host header that the endpoint answers as well; may be repeated`;

function options() {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string', default: '4747' },
        host: { type: 'string', default: 'localhost' },
        'no-build': { type: 'boolean', default: false },
        data: { type: 'string', default: '.polylogue/tuner' },
        models: { type: 'string', default: ownModels },
        token: { type: 'string' },
        'allow-host': { type: 'string', multiple: true, default: [] },
        'no-tuner': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const port = Number(values.port);
    if (!Number.isInteger(port) || port < 0 || port > 65535)
      throw new Error(`--port must be a whole number from 0 to 65535, not "${values.port}"`);
    const access = { host: values.host, allowHosts: values['allow-host'], token: checkedToken(values.token) };
    const tunes = !values['no-tuner'] && !values.help;
    if (tunes) checkAccess(access, '--no-tuner serves the page alone.');
    if (tunes && !existsSync(values.models)) throw new Error(`There is no folder ${values.models}`);
    return { ...values, ...access, port };
  } catch (error) {
    console.error(error instanceof CliError ? error.message : `${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

const { port, host, help, data, models, allowHosts, token, 'no-build': noBuild, 'no-tuner': noTuner } = options();
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
  const mount = withTuner ? { mount: mountTuner({ data: resolve(data), models: resolve(models), host, allowHosts, token }) } : {};
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
  if (tunes && (!isLoopback(host) || allowHosts.length))
    console.log('Others reach it with the token: as an address of their own choice in the list of places to train, ending in /v1.');
} catch (error) {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
  console.error(`Port ${port} is in use. Stop what holds it, or choose another: npm start -- --port ${port + 1}`);
  process.exit(1);
}
