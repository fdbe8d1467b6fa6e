// What axe finds on a page, one line for each rule that is broken.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export const violations = (page: Page): Promise<string[]> =>
  page.evaluate(
    `${axe}; axe.run().then(result => result.violations.map(v => v.id + ': ' + v.nodes.map(n => n.target + ' ' + n.failureSummary).join(' | ')))`,
  );
