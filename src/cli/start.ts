// `npm start`: build the page, serve it, print where.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'vite';
import { serve } from './serve';

const USAGE = `Usage: npm start -- [--port 4747] [--host localhost] [--no-build]

Builds Polylogue into dist/ and serves it. Nothing is downloaded; the built-in model is part of the page.`;

function options() {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string', default: '4747' },
        host: { type: 'string', default: 'localhost' },
        'no-build': { type: 'boolean', default: false },
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

const { port, host, help, 'no-build': noBuild } = options();
if (help) {
  console.log(USAGE);
  process.exit(0);
}
const root = resolve(import.meta.dirname, '../..');
if (!noBuild) {
  console.log('Building the page…');
  await build({ root, logLevel: 'warn' });
}
try {
  const { url } = await serve({ dir: resolve(root, 'dist'), port, host });
  console.log(`Polylogue is at ${url}  (stop with Ctrl+C)`);
} catch (error) {
  if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
  console.error(`Port ${port} is in use. Stop what holds it, or choose another: npm start -- --port ${port + 1}`);
  process.exit(1);
}
