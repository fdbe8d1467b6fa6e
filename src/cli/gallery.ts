// `gallery`: a list of the runs in a folder, for a course: put both on any web host and hand out one link, `#index=…/runs.json`.
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, join, relative, sep } from 'node:path';
import { parseArgs } from 'node:util';

import type { RunConfig } from '../debate/config';
import { ShareError } from '../share/errors';
import { galleryLimits, openGallery } from '../share/gallery';
import { openSharedFile } from '../share/openShared';
import { CliError } from './errors';

const help = `Usage: npm run cli -- gallery DIR [--title TITLE] [--about TEXT]

Writes DIR/runs.json, the list of all runs and loops below DIR (.run.json, .loop.json, each also with .gz; folders that loop --out wrote).
Each file is opened and checked first. Titles and texts that you wrote into an earlier runs.json stay, and so do runs on other hosts.
Put DIR on a web host that lets other sites read it (CORS), and link to the page with #index=https://…/runs.json.

  --title TITLE   heading of the list
  --about TEXT    a sentence under it
  --help          show this`;

interface Entry {
  title: string;
  about: string;
  url: string;
  bytes?: number;
}

const LIST = 'runs.json';
/** Where the list is read as if from: addresses in it are relative to its folder. */
const HERE = new URL('https://list.invalid/');
const isShared = (name: string): boolean => /\.(run|loop)\.json(\.gz)?$/.test(name);

/** A folder with a loop is that one loop: its debates and sets are fetched from beside it. */
function filesBelow(dir: string): string[] {
  const entries = readdirSync(dir, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  if (entries.some(({ name }) => name === 'loop.json')) return [join(dir, 'loop.json')];
  return entries.flatMap(entry => {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) return entry.name.startsWith('.') ? [] : filesBelow(path);
    return isShared(entry.name) ? [path] : [];
  });
}

const count = (n: number, one: string): string => `${n} ${one}${n === 1 ? '' : 's'}`;
const society = ({ seats, rounds }: RunConfig): string => `${count(seats.length, 'agent')}, ${count(rounds, 'round')}`;

async function entryOf(dir: string, path: string): Promise<Entry> {
  // Names are the reader's own: they may be empty, or longer than a list takes.
  const named = (title: string): string => title.trim().slice(0, 300) || basename(path);
  const shared = await openSharedFile(new Uint8Array(readFileSync(path)));
  const url = relative(dir, path).split(sep).map(encodeURIComponent).join('/');
  const bytes = statSync(path).size;
  if (shared.kind === 'run') {
    const { title, config, questions } = shared.run.state.start!;
    return { title: named(title), about: `${count(questions.length, 'question')}, ${society(config)}`, url, bytes };
  }
  const { title, config } = shared.loop.state.start!;
  return { title: named(title), about: `A loop of ${count(config.iterations, 'iteration')}, ${society(config.debate)}`, url, bytes };
}

/** What an earlier list says; null without one. @throws CliError for a file of that name that is no list */
function earlier(path: string): ReturnType<typeof openGallery> | null {
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = new Uint8Array(readFileSync(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    return openGallery(bytes, HERE);
  } catch (error) {
    throw new CliError(`${path} is there already, and is no list that could be kept up: ${(error as Error).message} Move it away first.`);
  }
}

/** @throws CliError naming every file that cannot be opened; then nothing is written */
export async function gallery(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args,
    options: { title: { type: 'string' }, about: { type: 'string' }, help: { type: 'boolean' } },
    allowPositionals: true,
  });
  if (values.help) return console.log(help);
  const [dir, ...more] = positionals;
  if (dir === undefined || more.length) throw new CliError(`give one folder.\n\n${help}`, 2);
  if (!statSync(dir, { throwIfNoEntry: false })?.isDirectory()) throw new CliError(`there is no folder ${dir}.`);
  const paths = filesBelow(dir);
  if (!paths.length) throw new CliError(`there is no run and no loop in ${dir}: they end in .run.json or .loop.json, also with .gz.`);
  if (paths.length > galleryLimits.runs) throw new CliError(`a list holds at most ${galleryLimits.runs} runs; here are ${paths.length}.`);
  const list = join(dir, LIST);
  const before = earlier(list);
  const written = new Map(before?.runs.map(run => [run.url.href, run]));
  const entries: Entry[] = [];
  const bad: string[] = [];
  for (const path of paths) {
    try {
      const entry = await entryOf(dir, path);
      const own = written.get(new URL(entry.url, HERE).href);
      entries.push({ ...entry, ...(own && { title: own.title, about: own.about }) });
    } catch (error) {
      if (!(error instanceof ShareError)) throw error;
      bad.push(`${path}: ${error.message} ${error.hint}`);
    }
  }
  for (const { url, bytes, ...told } of before?.runs ?? [])
    if (url.origin !== HERE.origin) entries.push({ ...told, url: url.href, ...(bytes !== null && { bytes }) });
  if (bad.length) throw new CliError(`nothing was written; ${count(bad.length, 'file')} cannot be opened:\n${bad.join('\n')}`);
  const [title, about] = [values.title ?? before?.title ?? '', values.about ?? before?.about ?? ''];
  const text = `${JSON.stringify({ polylogue: 'index', schema: 1, title, about, runs: entries }, null, 1)}\n`;
  try {
    openGallery(new TextEncoder().encode(text), HERE);
  } catch (error) {
    throw new CliError(`nothing was written: no page would open this list. ${(error as Error).message}`);
  }
  writeFileSync(list, text);
  console.log(entries.map(entry => `${entry.title}  (${entry.url})`).join('\n'));
  console.log(`${count(entries.length, 'run')} in ${list}. On a web host, the page opens it as #index=https://…/${LIST}.`);
}
