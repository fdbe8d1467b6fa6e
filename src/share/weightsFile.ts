// Agents' weights as one archive: a folder per agent with the files as they came from the endpoint, and `facts.json` saying what they are.
import { unzipSync, zipSync, type Zippable } from 'fflate';
import * as v from 'valibot';
import type { AgentName } from '../datasets/records';
import { sha256Of } from '../datasets/sha256';
import { issueText } from '../debate/schema';
import { ShareError } from './errors';
import { parseJson } from './json';

export interface WeightsFacts {
  id: string;
  loop: string;
  iteration: number;
  agent: AgentName;
  /** Hash of the base they belong to. */
  base: string;
  /** `SetRow.sha256` of what they were trained on. */
  dataset: string;
  /** ISO 8601. */
  at: string;
  files: { name: string; bytes: number; sha256: string }[];
}

export interface Weights {
  facts: WeightsFacts;
  /** By basename. */
  files: Record<string, Uint8Array<ArrayBuffer>>;
}

/** Bytes of all files together, and agents, that are opened here. */
export const weightsLimits: { bytes: number; agents: number; files: number } = { bytes: 1_000_000_000, agents: 500, files: 8 };

const names = ['adapter_config.json', 'adapter_model.safetensors', 'config.json', 'model.safetensors', 'probe.json', 'step_metrics.csv'];
const factsName = 'facts.json';
const text = (most: number) => v.pipe(v.string(), v.maxLength(most));
const id = v.pipe(text(200), v.regex(/^(?!.*\.\.)[\w.:/-]+$/));
const sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const facts = v.object({
  id,
  loop: id,
  iteration: count,
  agent: v.custom<AgentName>(value => typeof value === 'string' && /^(?:generator|critic)_[1-9]\d{0,3}$/.test(value)),
  base: text(200),
  dataset: sha256,
  at: text(40),
  files: v.pipe(v.array(v.object({ name: v.picklist(names), bytes: count, sha256 })), v.minLength(1), v.maxLength(weightsLimits.files)),
});

/** As servers of many adapters take it: no colon, no slash. */
export const folderName = ({ id }: Pick<WeightsFacts, 'id'>): string =>
  id
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .slice(-62);

const readme = (folders: readonly string[], isLora: boolean): string =>
  [
    'Weights of agents trained with Polylogue. Each folder under agents/ holds one agent.',
    '',
    ...(isLora
      ? [
          'They are PEFT LoRA adapters. With the source model of their base (base_model_name_or_path in adapter_config.json):',
          '',
          `vllm serve <base> --enable-lora --max-lora-rank 64 --lora-modules ${folders.map(name => `${name}=agents/${name}`).join(' ')}`,
        ]
      : ['They are full weights in the layout of Hugging Face; add the tokenizer files of their base to each folder.']),
    '',
  ].join('\n');

/** @returns a zip, uncompressed: weights do not shrink */
export function encodeWeights(all: readonly Weights[]): Uint8Array<ArrayBuffer> {
  const agents: Zippable = {};
  const folders: string[] = [];
  for (const { facts: own, files } of all) {
    let name = folderName(own);
    for (let n = 2; folders.includes(name); n++) name = `${folderName(own)}-${n}`;
    folders.push(name);
    const { id, loop, iteration, agent, base, dataset, at } = own;
    const about = { id, loop, iteration, agent, base, dataset, at, files: own.files };
    agents[name] = { ...files, [factsName]: new TextEncoder().encode(`${JSON.stringify(about, null, 2)}\n`) };
  }
  const isLora = all.some(({ files }) => 'adapter_model.safetensors' in files);
  return zipSync({ agents, 'README.txt': new TextEncoder().encode(readme(folders, isLora)) }, { level: 0 });
}

const damaged = (message: string, cause?: unknown) => new ShareError('damaged', message, 'Ask for it again.', cause);

/** @throws ShareError unless every file is one of ours and has the hash its facts name */
export function decodeWeights(
  bytes: Uint8Array<ArrayBuffer>,
  limits: Pick<typeof weightsLimits, 'bytes' | 'agents'> = weightsLimits,
): Weights[] {
  const folders = new Map<string, Record<string, Uint8Array<ArrayBuffer>>>();
  let total = 0;
  const wanted = (path: string): [string, string] | null => {
    const [, folder, name] = /^agents\/([a-z0-9][\w.-]{0,80})\/([\w.]+)$/.exec(path) ?? [];
    return folder !== undefined && name !== undefined && (name === factsName || names.includes(name)) ? [folder, name] : null;
  };
  let unzipped: Record<string, Uint8Array>;
  try {
    unzipped = unzipSync(bytes, {
      // Asked before anything is unpacked; a size that lies is caught by the hash.
      filter: ({ name, originalSize, size }) => {
        if (!wanted(name)) return false;
        total += Math.max(originalSize, size);
        if (total > limits.bytes)
          throw new ShareError(
            'too-large',
            `It unpacks to more than ${Math.round(limits.bytes / 1e6)} MB.`,
            'Take fewer agents at a time.',
          );
        return true;
      },
    });
  } catch (error) {
    if (error instanceof ShareError) throw error;
    throw damaged('It is no archive, or a part of it is missing.', error);
  }
  for (const [path, data] of Object.entries(unzipped)) {
    const [folder, name] = wanted(path)!;
    folders.set(folder, { ...folders.get(folder), [name]: new Uint8Array(data) });
  }
  if (!folders.size) throw new ShareError('not-a-run', 'This archive holds no weights of agents.', 'They are exported from a loop.');
  if (folders.size > limits.agents) throw new ShareError('too-large', `It holds ${folders.size} agents.`, 'Take fewer agents at a time.');
  return [...folders].map(([folder, files]) => checked(folder, files));
}

function checked(folder: string, { [factsName]: given, ...files }: Record<string, Uint8Array<ArrayBuffer>>): Weights {
  if (!given) throw damaged(`${folder} does not say what it is.`);
  const result = v.safeParse(facts, parseJson(given), { abortEarly: true });
  if (!result.success)
    throw new ShareError('invalid', `${folder}/${factsName} is not one (${issueText(result.issues)}).`, 'It may have been edited.');
  const listed = new Set(result.output.files.map(({ name }) => name));
  const stray = Object.keys(files).find(name => !listed.has(name));
  if (stray !== undefined) throw damaged(`${folder} holds ${stray}, which it does not name.`);
  for (const { name, sha256 } of result.output.files) {
    const data = files[name];
    if (!data) throw damaged(`${folder} lacks ${name}.`);
    if (sha256Of(data) !== sha256) throw damaged(`${name} of ${folder} was changed on the way.`);
  }
  return { facts: result.output, files };
}
