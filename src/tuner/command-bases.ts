// What model folders hold, from their configs and the headers of their weights: a program of the operator's loads them itself.
import { open, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BaseModel } from './engine';

const isShape = (value: unknown): value is number[] => Array.isArray(value) && value.every(size => Number.isSafeInteger(size) && size >= 0);

/** Names and shapes in a safetensors file, without its data. */
async function shapesIn(path: string): Promise<[string, number[]][]> {
  const file = await open(path, 'r');
  try {
    const { buffer: length } = await file.read(Buffer.alloc(8), 0, 8, 0);
    const size = Number(length.readBigUInt64LE());
    if (size < 2 || size > 4 << 20) throw new Error(`${path} is not a safetensors file`);
    const { buffer } = await file.read(Buffer.alloc(size), 0, size, 8);
    const header = JSON.parse(buffer.toString('utf8')) as Record<string, { shape?: unknown }>;
    return Object.entries(header).flatMap(([name, { shape }]) => (name !== '__metadata__' && isShape(shape) ? [[name, shape]] : []));
  } finally {
    await file.close();
  }
}

const text = (value: unknown): string | null => (typeof value === 'string' && value ? value : null);

async function describe(models: string, id: string): Promise<BaseModel | null> {
  const dir = join(models, id);
  const json = await readFile(join(dir, 'config.json'), 'utf8').catch(() => null);
  if (json === null) return null;
  const config = JSON.parse(json) as Record<string, unknown>;
  const weights = (await readdir(dir)).filter(name => name.endsWith('.safetensors') && !name.startsWith('adapter'));
  const shapes = Object.fromEntries((await Promise.all(weights.map(name => shapesIn(join(dir, name))))).flat());
  const projections = Object.keys(shapes).flatMap(name => /\.layers\.\d+\..*\.(\w+_proj)\.weight$/.exec(name)?.[1] ?? []);
  return {
    ...{ id, repo: text(config._name_or_path), revision: null, maxRank: 64, shapes },
    maxContext: typeof config.max_position_embeddings === 'number' ? config.max_position_embeddings : 2048,
    targetModules: [...new Set(projections)],
    parameters: Object.values(shapes).reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0),
  };
}

/** The folders with a `config.json` in them, by name. */
export async function readCommandBases(models: string): Promise<BaseModel[]> {
  const entries = await readdir(models, { withFileTypes: true });
  const names = entries.filter(entry => entry.isDirectory()).map(({ name }) => name);
  return (await Promise.all(names.sort().map(name => describe(models, name)))).filter(base => base !== null);
}
