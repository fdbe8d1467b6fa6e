// `npm run tuner`: the finetuning endpoint by itself.
import { join, resolve } from 'node:path';
import { createCommandEngine } from '../tuner/command-engine';
import { DiskError } from '../tuner/disk';
import { asListener, listen } from '../tuner/listen-node';
import { createProxy } from '../tuner/proxy';
import { createProcessEngine } from '../tuner/train/process';
import { commandRecipes } from '../tuner/command-recipes';
import { CliError } from './errors';
import { closeOnSignal, hostsOf, openOwnTuner, tokenIn } from './own-tuner';
import { readTunerOptions, tunerUsage } from './tuner-options';

async function main(): Promise<void> {
  const options = readTunerOptions(process.argv.slice(2));
  if (options.help) return console.log(tunerUsage);
  if (options.recipes) return console.log(commandRecipes);
  const { host, engine: kind, slots, upstream } = options;
  const [data, models] = [resolve(options.data), resolve(options.models)];
  const allowHosts = options['allow-host'];
  const origins = options['allow-origin'];
  const token = options.token ?? null;

  const server = await listen(options.port, host);
  const access = { port: server.port, host, allowHosts, origins, token, limits: options.limits };
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${server.port}/v1`;
  try {
    if (kind === 'proxy') {
      const known = token ?? (await tokenIn(data));
      const key = process.env.TUNER_UPSTREAM_KEY;
      if (!key) throw new CliError('--engine proxy needs the key of the other endpoint in TUNER_UPSTREAM_KEY', 2);
      const proxy = createProxy({
        ...{ upstream: upstream!, limits: options.limits, key, token: known, hosts: hostsOf(access), origins },
        ...(options.profile ? { profile: options.profile } : {}),
      });
      server.mount(asListener(proxy.fetch));
      closeOnSignal(() => server.close());
      console.log(`Finetuning endpoint: ${url}\nToken: ${known}\nPasses everything on to ${new URL(upstream!).origin}`);
      return;
    }
    const makeEngine = () =>
      kind === 'command'
        ? createCommandEngine({ argv: options.argv, models, data, slots: slots ?? 1 })
        : createProcessEngine({
            ...{ models, logs: join(data, 'jobs'), silence: options.limits.silence },
            ...(slots === undefined ? {} : { slots }),
          });
    const { tuner, engine, token: known } = await openOwnTuner(makeEngine, data, access);
    server.mount(asListener(tuner.fetch));
    closeOnSignal(async () => {
      await tuner.close();
      await server.close();
    });
    const bases = await engine.bases();
    console.log(`Finetuning endpoint: ${url}`);
    console.log(`Token: ${known}`);
    console.log(
      `Trains ${bases.map(base => base.id).join(', ') || 'nothing: there are no models'} (engine ${engine.name}, ${engine.slots} at a time)`,
    );
    console.log(`Data: ${data}  (stop with Ctrl+C; jobs go on at the next start)`);
  } catch (error) {
    await server.close();
    throw error;
  }
}

try {
  await main();
} catch (error) {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (code === 'EADDRINUSE') console.error('The port is in use. Stop what holds it, or choose another with --port.');
  else if (error instanceof CliError || error instanceof DiskError) console.error(error.message);
  else if (code.startsWith('ERR_PARSE_ARGS')) console.error(`${(error as Error).message}\n\n${tunerUsage}`);
  else throw error;
  process.exit(error instanceof CliError ? error.exitCode : code.startsWith('ERR_PARSE_ARGS') ? 2 : 1);
}
