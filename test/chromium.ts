// Finds a Chromium for the journeys; where there is none, installs one or says exactly what to do.
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { root, run, type Step } from './steps';

const KNOWN = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** Path of a Chromium, or null. */
export function findChromium(): string | null {
  const own = chromium.executablePath();
  return [process.env.CHROMIUM, ...KNOWN, own].find(path => path !== undefined && path !== '' && existsSync(path)) ?? null;
}

export async function ensureChromium(): Promise<Step> {
  const name = 'a Chromium to test in';
  const found = findChromium();
  if (found) return { name, passed: true, output: found };
  const isRoot = process.getuid?.() === 0;
  const apt = existsSync('/usr/bin/apt-get') && isRoot;
  console.log(`No Chromium found: installing one with ${apt ? 'apt-get' : 'Playwright'}…`);
  const attempts = apt
    ? [
        await run(['apt-get', 'update'], root, true),
        await run(['apt-get', 'install', '-y', '--no-install-recommends', 'chromium'], root, true),
      ]
    : [await run(['playwright-core', 'install', 'chromium'], root)];
  const path = findChromium();
  const advice = existsSync('/usr/bin/apt-get')
    ? 'sudo apt-get install -y chromium'
    : 'install Chrome or Chromium and set CHROMIUM=/path/to/it';
  const said = attempts.map(a => a.output).join('\n');
  return {
    name,
    passed: path !== null,
    output: path ?? `${said}\nNo Chromium could be installed. Do this, then run npm test again: ${advice}`,
  };
}
