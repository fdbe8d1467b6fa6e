// `npm run tuner`: the finetuning endpoint by itself.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { DiskError } from '../tuner/disk';
import { asListener, listen } from '../tuner/listen-node';
import { createProcessEngine } from '../tuner/train/process';
import { CliError } from './errors';
import { checkAccess, closeOnSignal, hostsOf, openOwnTuner, ownModels, tokenIn } from './own-tuner';
import { createCommandEngine } from '../tuner/command-engine';
import { createProxy } from '../tuner/proxy';

const USAGE = `Usage: npm run tuner -- [--port 4848] [--data .polylogue/tuner] [options]

Serves a finetuning endpoint that speaks OpenAI's fine-tuning routes (OpenAI-FT/1) and trains on this machine.

  --token T             what clients must send; made and kept in the data folder when left out
  --host H              interface to listen on (127.0.0.1); any other needs --token and --allow-host
  --allow-host NAME     value of the Host header to answer as well; may be repeated
  --allow-origin URL    origin of a page that may ask; may be repeated (http://localhost:4747 when left out)
  --models DIR          folder of model folders to train (those of the page when left out)
  --slots N             jobs side by side (as many as there are processors, at most 4)
  --attempts N          how often a job is begun before the loss of its worker or of the whole endpoint is its end (2)

  --engine onnx         trains here, on onnxruntime (the default)
  --engine command --command '["trl","sft","--dataset_name","{training}","--output_dir","{out}"]'
                        runs a program of yours for every job, without a shell: see src/tuner/command-engine.ts
  --engine proxy --upstream URL
                        trains nothing: passes everything on to one endpoint whose key is in TUNER_UPSTREAM_KEY`;

function readOptions() {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '4848' },
      data: { type: 'string', default: '.polylogue/tuner' },
      token: { type: 'string' },
      host: { type: 'string', default: '127.0.0.1' },
      'allow-host': { type: 'string', multiple: true, default: [] },
      'allow-origin': { type: 'string', multiple: true, default: ['http://localhost:4747', 'http://127.0.0.1:4747'] },
      models: { type: 'string', default: ownModels },
      slots: { type: 'string' },
      attempts: { type: 'string', default: '2' },
      engine: { type: 'string', default: 'onnx' },
      command: { type: 'string' },
      upstream: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const whole = (name: 'port' | 'slots' | 'attempts', least: number, most: number): number | undefined => {
    const text = values[name];
    if (text === undefined) return undefined;
    const number = Number(text);
    if (!Number.isInteger(number) || number < least || number > most)
      throw new CliError(`--${name} must be a whole number from ${least} to ${most}, not "${text}"`, 2);
    return number;
  };
  for (const origin of values['allow-origin'])
    if (!URL.canParse(origin) || new URL(origin).origin !== origin) throw new CliError(`--allow-origin ${origin} is not an origin`, 2);
  if (values.token !== undefined && !/^[\x21-\x7e]{8,256}$/.test(values.token))
    throw new CliError('--token takes 8 to 256 visible characters', 2);
  return { ...values, port: whole('port', 0, 65_535)!, slots: whole('slots', 1, 64), attempts: whole('attempts', 1, 1000)! };
}

function argvOf(command: string | undefined): string[] {
  if (command === undefined) throw new CliError('--engine command needs --command', 2);
  let argv: unknown;
  try {
    argv = JSON.parse(command);
  } catch {
    argv = null;
  }
  if (!Array.isArray(argv) || !argv.length || !argv.every(part => typeof part === 'string'))
    throw new CliError(`--command takes a JSON list of texts, not ${command}`, 2);
  return argv as string[];
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options.help) return console.log(USAGE);
  const { host, engine: kind, slots, upstream } = options;
  const [data, models] = [resolve(options.data), resolve(options.models)];
  const allowHosts = options['allow-host'];
  const origins = options['allow-origin'];
  const token = options.token ?? null;
  checkAccess({ host, allowHosts, token });
  if (!['onnx', 'command', 'proxy'].includes(kind)) throw new CliError(`--engine is onnx, command or proxy, not ${kind}`, 2);
  const argv = kind === 'command' ? argvOf(options.command) : [];
  if (kind === 'proxy' && (upstream === undefined || !URL.canParse(upstream))) throw new CliError('--engine proxy needs --upstream URL', 2);

  const server = await listen(options.port, host);
  const access = { port: server.port, host, allowHosts, origins, token, attempts: options.attempts };
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${server.port}/v1`;
  try {
    if (kind === 'proxy') {
      const known = token ?? (await tokenIn(data));
      const key = process.env.TUNER_UPSTREAM_KEY;
      if (!key) throw new CliError('--engine proxy needs the key of the other endpoint in TUNER_UPSTREAM_KEY', 2);
      const proxy = createProxy({ upstream: upstream!, key, token: known, hosts: hostsOf(access), origins });
      server.mount(asListener(proxy.fetch));
      closeOnSignal(() => server.close());
      console.log(`Finetuning endpoint: ${url}\nToken: ${known}\nPasses everything on to ${new URL(upstream!).origin}`);
      return;
    }
    const engine =
      kind === 'command'
        ? createCommandEngine({ argv, models, data, slots: slots ?? 1 })
        : createProcessEngine({ models, ...(slots === undefined ? {} : { slots }) });
    const { tuner, token: known } = await openOwnTuner(engine, data, access);
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
  else if (code.startsWith('ERR_PARSE_ARGS')) console.error(`${(error as Error).message}\n\n${USAGE}`);
  else throw error;
  process.exit(error instanceof CliError ? error.exitCode : code.startsWith('ERR_PARSE_ARGS') ? 2 : 1);
}
