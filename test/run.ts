// `npm test`: types, lint, build, unit tests, journeys in a real Chromium. Ends on a line "N passed, N failed".
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureChromium, findChromium } from './chromium';
import { failedOf, passedOf, pathOf, results, type File } from './report';
import { root, type Step } from './steps';
import { command, types } from './types';

/** More files than this with a failure are no accident. */
const mostRepeated = 2;

const out = join(root, 'test/out');
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
let passed = 0;
let failed = 0;

function tell({ name, passed: ok, output }: Step): void {
  if (ok) passed++;
  else failed++;
  console.log(`${ok ? '✓' : '✗'} ${name}${ok ? '' : `\n${output.trimEnd()}\n`}`);
}

/** A journey meets the weather of its machine: a file that failed is run once more, and it is told which passed only then. */
async function again(files: File[]): Promise<File[]> {
  const bad = files.filter(failedOf);
  if (bad.length === 0 || bad.length > mostRepeated) return files;
  console.log(`  once more: ${bad.map(pathOf).join(', ')}`);
  const second = await results('browser', out, bad);
  const late = second.filter(file => !failedOf(file));
  if (late.length) console.log(`! passed only when run once more: ${late.map(pathOf).join(', ')}`);
  return files.map(file => second.find(({ name }) => name === file.name) ?? file);
}

async function tests(project: string, then = (files: File[]): File[] | Promise<File[]> => files): Promise<void> {
  const started = Date.now();
  try {
    for (const file of await then(await results(project, out))) {
      passed += passedOf(file);
      failed += failedOf(file);
    }
  } catch (error) {
    tell({ name: project, passed: false, output: (error as Error).message });
  }
  console.log(`  (${project}: ${Math.round((Date.now() - started) / 1000)} s)`);
}

for (const step of await types()) tell(step);
tell(await command('eslint', ['eslint', '--config', 'test/eslint.config.js', 'src', 'test', 'vite.config.ts']));
tell(await command('prettier', ['prettier', '--check', 'src', 'test', 'vite.config.ts', 'index.html', 'package.json', 'tsconfig.json']));
tell(await command('build', ['vite', 'build', '--logLevel', 'warn']));
await tests('unit');
const browser = await ensureChromium();
tell(browser);
if (browser.passed) {
  process.env.CHROMIUM ??= findChromium() ?? '';
  await tests('browser', again);
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
