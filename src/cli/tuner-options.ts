// The options of `npm run tuner`, read and checked before anything is opened.
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { isProfileId, profiles } from '../finetune/profile';
import { CliError } from './errors';
import { limitOptions, limitUsage, readLimits } from './limit-options';
import { checkAccess, checkedToken, ownModels } from './own-tuner';

export const tunerUsage = `Usage: npm run tuner -- [--port 4848] [--data .polylogue/endpoint] [options]

Serves a finetuning endpoint that speaks OpenAI's fine-tuning routes (OpenAI-FT/1) and trains on this machine.

  --token T             what clients must send; made and kept in the data folder when left out
  --host H              interface to listen on (127.0.0.1); any other needs --token and --allow-host
  --allow-host NAME     value of the Host header to answer as well; may be repeated
  --allow-origin URL    origin of a page that may ask; may be repeated (http://localhost:4747 when left out)
  --models DIR          folder of model folders to train (those of the page when left out)
  --slots N             jobs side by side (as many as there are processors, at most 4)

  --engine onnx         trains here, on onnxruntime (the default)
  --engine command --command '["trl","sft","--dataset_name","{completions}","--output_dir","{out}"]'
                        runs a program of yours for every job, without a shell: --recipes shows whole commands for TRL, Axolotl and
                        LLaMA-Factory, and what stands for what
  --engine proxy --upstream URL
                        trains nothing: passes everything on to one endpoint whose key is in TUNER_UPSTREAM_KEY, and says which
  --upstream-profile P  how that one is spoken to where neither its host nor its list of models tells: tuner, nebius or openai

Limits:
${limitUsage}`;

/** @throws CliError, or what `parseArgs` throws, when something is misused */
export function readTunerOptions(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      port: { type: 'string', default: '4848' },
      data: { type: 'string', default: '.polylogue/endpoint' },
      token: { type: 'string' },
      host: { type: 'string', default: '127.0.0.1' },
      'allow-host': { type: 'string', multiple: true, default: [] },
      'allow-origin': { type: 'string', multiple: true, default: ['http://localhost:4747', 'http://127.0.0.1:4747'] },
      models: { type: 'string', default: ownModels },
      slots: { type: 'string' },
      ...limitOptions,
      recipes: { type: 'boolean', default: false },
      engine: { type: 'string', default: 'onnx' },
      command: { type: 'string' },
      upstream: { type: 'string' },
      'upstream-profile': { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const whole = (name: 'port' | 'slots', least: number, most: number): number | undefined => {
    const text = values[name];
    if (text === undefined) return undefined;
    const number = Number(text);
    if (!Number.isInteger(number) || number < least || number > most)
      throw new CliError(`--${name} must be a whole number from ${least} to ${most}, not "${text}"`, 2);
    return number;
  };
  for (const origin of values['allow-origin'])
    if (!URL.canParse(origin) || new URL(origin).origin !== origin) throw new CliError(`--allow-origin ${origin} is not an origin`, 2);
  if (!['onnx', 'command', 'proxy'].includes(values.engine))
    throw new CliError(`--engine is onnx, command or proxy, not ${values.engine}`, 2);
  if (values.engine === 'proxy' && (values.upstream === undefined || !/^https?:/.test(values.upstream) || !URL.canParse(values.upstream)))
    throw new CliError('--engine proxy needs --upstream URL', 2);
  const profile = values['upstream-profile'];
  if (profile !== undefined && !isProfileId(profile))
    throw new CliError(`--upstream-profile is ${Object.keys(profiles).join(', ')}, not ${profile}`, 2);
  const access = { host: values.host, allowHosts: values['allow-host'], token: checkedToken(values.token) };
  const asks = values.help || values.recipes;
  if (!asks) checkAccess(access);
  if (!asks && values.engine !== 'proxy' && !existsSync(values.models)) throw new CliError(`There is no folder ${values.models}`, 2);
  const argv = values.engine === 'command' ? argvOf(values.command) : [];
  return {
    ...values,
    ...(profile === undefined ? {} : { profile }),
    argv,
    port: whole('port', 0, 65_535)!,
    slots: whole('slots', 1, 64),
    limits: readLimits(values),
  };
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
