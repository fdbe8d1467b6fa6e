// What vitest reports of each test file, and how it is told.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './steps';

/** One test file, as the JSON reporter writes it. */
export interface File {
  /** Absolute path. */
  name: string;
  message: string;
  assertionResults: { fullName: string; status: string; failureMessages: string[] }[];
}

const failures = ({ assertionResults }: File) => assertionResults.filter(({ status }) => status !== 'passed');

/** A file that could not even be loaded holds no tests: it is one failure, never none. */
export const failedOf = (file: File): number => (file.assertionResults.length ? failures(file).length : 1);

export const passedOf = (file: File): number => file.assertionResults.length - failures(file).length;

export const pathOf = ({ name }: File): string => name.replace(`${root}/`, '');

function tell(file: File): void {
  const { length } = file.assertionResults;
  console.log(`${failedOf(file) ? '✗' : '✓'} ${pathOf(file)}: ${length ? `${length} tests` : `no test ran\n${file.message}`}`);
  for (const { fullName, status, failureMessages } of failures(file))
    console.log(`  ✗ ${fullName} (${status})\n${failureMessages.join('\n')}`);
}

/**
 * Runs a project of test/vitest.config.ts, or only these files of it, and tells of each file.
 * @throws Error with all that was printed when no report was written, or one without a file: a set-up that fails leaves such a one
 */
export async function results(project: string, out: string, only: File[] = []): Promise<File[]> {
  const report = join(out, `${project}${only.length ? '-again' : ''}.json`);
  const names = only.map(({ name }) => name);
  const { output } = await run(
    ['vitest', 'run', '--config', 'test/vitest.config.ts', '--project', project, '--reporter=json', `--outputFile=${report}`, ...names],
    root,
  );
  let files: File[];
  try {
    files = (JSON.parse(readFileSync(report, 'utf8')) as { testResults: File[] }).testResults;
  } catch (cause) {
    throw new Error(`${project} tests wrote no report\n${output}`, { cause });
  }
  if (files.length === 0) throw new Error(`${project}: no file was run\n${output}`);
  files.forEach(tell);
  return files;
}
