// `npm test`: types, lint, build, unit tests, journeys in a real Chromium. Ends on a line "N passed, N failed".
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureChromium, findChromium } from './chromium';
import { root, run, type Step } from './steps';
import { command, types } from './types';

interface Report {
  testResults: { name: string; message: string; assertionResults: { fullName: string; status: string; failureMessages: string[] }[] }[];
}

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

/** A file that could not even be loaded holds no tests: it counts as one failure, never as none. */
function tellReport({ testResults }: Report): void {
  for (const file of testResults) {
    const where = file.name.replace(`${root}/`, '');
    const bad = file.assertionResults.filter(test => test.status !== 'passed');
    passed += file.assertionResults.length - bad.length;
    failed += bad.length;
    if (file.assertionResults.length === 0) {
      failed++;
      console.log(`✗ ${where}: no test ran\n${file.message}`);
    } else console.log(`${bad.length === 0 ? '✓' : '✗'} ${where}: ${file.assertionResults.length} tests`);
    for (const test of bad) console.log(`  ✗ ${test.fullName} (${test.status})\n${test.failureMessages.join('\n')}`);
  }
}

async function tests(project: string): Promise<void> {
  const file = join(out, `${project}.json`);
  const started = Date.now();
  const { output } = await run(
    ['vitest', 'run', '--config', 'test/vitest.config.ts', '--project', project, '--reporter=json', `--outputFile=${file}`],
    root,
  );
  try {
    tellReport(JSON.parse(readFileSync(file, 'utf8')) as Report);
  } catch {
    tell({ name: `${project} tests wrote no report`, passed: false, output });
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
  await tests('browser');
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
