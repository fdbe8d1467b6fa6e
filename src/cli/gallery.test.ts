import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { openGallery } from '../share/gallery';
import { gallery } from './gallery';

const recorded = resolve(import.meta.dirname, '../../public/runs');
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'polylogue-gallery-'));
  vi.spyOn(console, 'log').mockReturnValue();
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(dir, { recursive: true, force: true });
});

const list = (): string => join(dir, 'runs.json');
const opened = () => openGallery(new Uint8Array(readFileSync(list())), new URL('https://course.example/week/runs.json'));

test('lists runs and loops of a folder, by addresses that lead to them, and keeps what was written by hand', async () => {
  mkdirSync(join(dir, 'first week'));
  copyFileSync(join(recorded, 'featured.run.json'), join(dir, 'first week', 'one.run.json'));
  cpSync(join(recorded, 'gentle'), join(dir, 'gentle'), { recursive: true });
  writeFileSync(join(dir, 'notes.json'), '{}');
  await gallery([dir, '--title', 'Week 1']);
  const { title, runs } = opened();
  expect(title).toBe('Week 1');
  expect(runs.map(({ title: name, about, url }) => [name, about, url.href])).toEqual([
    ['One question, three agents', '1 question, 3 agents, 2 rounds', 'https://course.example/week/first%20week/one.run.json'],
    ['Gentle loop, 3 + 3 agents, seed 1', 'A loop of 3 iterations, 3 agents, 2 rounds', 'https://course.example/week/gentle/loop.json'],
  ]);
  expect(runs[0]!.bytes).toBe(readFileSync(join(dir, 'first week/one.run.json')).length);

  const { runs: entries, ...rest } = JSON.parse(readFileSync(list(), 'utf8')) as { runs: { title: string; url: string }[] };
  const elsewhere = { title: 'Elsewhere', url: 'https://other.example/two.run.json' };
  writeFileSync(list(), JSON.stringify({ ...rest, runs: [{ ...entries[0], title: 'Mine' }, elsewhere, entries[1]] }));
  rmSync(join(dir, 'gentle'), { recursive: true });
  await gallery([dir]);
  expect(opened().title).toBe('Week 1');
  expect(opened().runs.map(({ title: name }) => name)).toEqual(['Mine', 'Elsewhere']);
});

test('a file that cannot be opened is named, and nothing is written', async () => {
  copyFileSync(join(recorded, 'featured.run.json'), join(dir, 'one.run.json'));
  writeFileSync(join(dir, 'bad.run.json'), '{"polylogue":"run","schema":1}');
  await expect(gallery([dir])).rejects.toThrow(/nothing was written; 1 file cannot be opened:\n.*bad\.run\.json/);
  expect(existsSync(list())).toBe(false);
});

test('a run without a name goes by its file, and a list that no page would open is not written', async () => {
  const file = JSON.parse(readFileSync(join(recorded, 'featured.run.json'), 'utf8')) as { events: { title?: string }[]; digest?: string };
  delete file.digest;
  file.events[0]!.title = '';
  writeFileSync(join(dir, 'nameless.run.json'), JSON.stringify(file));
  await expect(gallery([dir, '--title', 'x'.repeat(301)])).rejects.toThrow('no page would open this list');
  expect(existsSync(list())).toBe(false);
  await gallery([dir]);
  expect(opened().runs.map(({ title }) => title)).toEqual(['nameless.run.json']);
});

test('an empty folder, none, and a list that is none are told', async () => {
  await expect(gallery([dir])).rejects.toThrow('no run and no loop');
  await expect(gallery([join(dir, 'nowhere')])).rejects.toThrow('no folder');
  await expect(gallery([])).rejects.toThrow('give one folder');
  copyFileSync(join(recorded, 'featured.run.json'), join(dir, 'one.run.json'));
  writeFileSync(list(), 'my own file');
  await expect(gallery([dir])).rejects.toThrow('Move it away first');
  expect(readFileSync(list(), 'utf8')).toBe('my own file');
});
