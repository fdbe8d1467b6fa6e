// The law of the rooms (architecture: data flows one way) and of the pure ones, checked by walking every import.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const src = resolve(import.meta.dirname, '../src');

/** Rooms that a room may import from, besides itself. */
const MAY: Record<string, string[]> = {
  tasks: [],
  debate: ['tasks'],
  datasets: ['tasks', 'debate'],
  metrics: ['tasks', 'debate', 'datasets'],
  experiment: ['tasks', 'debate', 'datasets', 'metrics'],
  onnx: [],
  models: ['onnx'],
  finetune: ['datasets'],
  // Tokenizer, chat template and model folders are those of inference: training must render the very prompts that inference does.
  tuner: ['finetune', 'onnx', 'models'],
  store: ['tasks', 'debate', 'datasets', 'experiment', 'finetune'],
  share: ['tasks', 'debate', 'datasets', 'experiment'],
  ui: ['tasks', 'debate', 'datasets', 'metrics', 'experiment', 'onnx', 'models', 'finetune', 'store', 'share'],
  cli: ['tasks', 'debate', 'datasets', 'metrics', 'experiment', 'onnx', 'models', 'finetune', 'tuner', 'store', 'share'],
};
const PURE = ['tasks', 'debate', 'datasets', 'metrics', 'experiment', 'onnx'];
/** Packages without effects: the schema of a room's own records may stand beside their types (`debate/schema.ts`), where store and share find it. */
const PURE_PACKAGES = ['valibot'];
const IMPURE = /\b(?:Math\.random|Date\.now|new Date\(\)|performance\.now|localStorage|indexedDB|document\.|window\.|fetch\()/;

function files(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap(entry => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return files(path);
    return /\.(?:ts|svelte)$/.test(entry.name) && !/\.test\.ts$/.test(entry.name) ? [path] : [];
  });
}

interface Import {
  file: string;
  room: string;
  target: string;
}

export function importsOf(file: string, text: string): Import[] {
  const room = relative(src, file).split('/')[0] ?? '';
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g)].map(m => m[1] ?? '');
  return specifiers.map(target => ({ file: relative(src, file), room, target }));
}

const roomOf = (file: string, target: string): string | null =>
  target.startsWith('.') ? (relative(src, resolve(src, file, '..', target)).split('/')[0] ?? null) : null;

function trespass({ file, room, target }: Import): string | null {
  if (target.endsWith('/package.json') && !PURE.includes(room)) return null; // the version that a run records
  const to = roomOf(file, target);
  if (to === null) return PURE.includes(room) && !PURE_PACKAGES.includes(target) ? `${file} (pure) imports package ${target}` : null;
  // The page may start its own tuner, may compute again which rows an update saw, and see nothing else of that room.
  if (room === 'ui' && to === 'tuner' && /\/tuner\/(?:page|row-order)$/.test(target)) return null;
  return to === room || MAY[room]?.includes(to) ? null : `${file} imports ${target}: ${room} may not import ${to}`;
}

/** @param names what each file names in its imports @returns files that lead back to themselves, one of each circle; empty = none */
function circles(names: ReadonlyMap<string, readonly string[]>): string[] {
  const state = new Map<string, 'open' | 'done'>();
  const found: string[] = [];
  const visit = (file: string): void => {
    state.set(file, 'open');
    for (const next of names.get(file) ?? []) {
      if (state.get(next) === 'open') found.push(`${file} → ${next}`);
      else if (!state.has(next)) visit(next);
    }
    state.set(file, 'done');
  };
  for (const file of names.keys()) if (!state.has(file)) visit(file);
  return found;
}

const all = files(src).map(file => ({ file, text: readFileSync(file, 'utf8') }));

describe('rooms', () => {
  test('every source file lies in a known room', () => {
    expect(all.map(({ file }) => relative(src, file).split('/')[0]).filter(room => !(room !== undefined && room in MAY))).toEqual([]);
  });

  test('imports point inward, and pure rooms import no package', () => {
    expect(all.flatMap(({ file, text }) => importsOf(file, text).map(trespass)).filter(Boolean)).toEqual([]);
  });

  test('no file imports itself by way of others', () => {
    const known = new Set(all.map(({ file }) => file));
    const named = ({ file, text }: (typeof all)[number]): string[] =>
      importsOf(file, text).flatMap(({ target }) => {
        if (!target.startsWith('.')) return [];
        const path = resolve(file, '..', target);
        return [path, `${path}.ts`, join(path, 'index.ts')].filter(one => known.has(one));
      });
    const names = new Map(all.map(one => [one.file, named(one)]));
    expect([...names.values()].flat().length).toBeGreaterThan(1000);
    expect(circles(names)).toEqual([]);
    expect(circles(new Map(Object.entries({ a: ['b'], b: ['c'], c: ['a'], d: ['a'] })))).toEqual(['c → a']);
  });

  test('pure rooms touch no clock, page, storage, network or global randomness', () => {
    const code = (text: string) => text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
    const hits = all.filter(({ file, text }) => PURE.includes(relative(src, file).split('/')[0] ?? '') && IMPURE.test(code(text)));
    expect(hits.map(({ file }) => relative(src, file))).toEqual([]);
  });

  test('a planted trespass is seen', () => {
    const planted = importsOf(join(src, 'tasks/x.ts'), `import { fold } from '../debate/fold';\nimport { openDB } from 'idb';`);
    expect(planted.map(trespass).filter(Boolean)).toHaveLength(2);
  });
});
