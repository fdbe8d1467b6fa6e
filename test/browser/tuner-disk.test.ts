// The in-page tuner's disk keeps the laws that the server's keeps.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, servePage, type Browser, type Site } from './store-harness';

let site: Site;
let browser: Browser;
beforeAll(async () => {
  [site, browser] = await Promise.all([servePage('tuner-disk'), launch()]);
});
afterAll(async () => {
  await browser?.close();
  site?.close();
});

test("the browser's database as a disk", async () => {
  const page = await browser.context.newPage();
  await page.goto(site.url);
  await page.waitForFunction('"disk" in window');
  expect(await page.evaluate('window.disk.laws("laws")')).toEqual([]);
  expect(await page.evaluate('window.disk.neighbours("neighbours")')).toEqual(['a-', 'a0', 'a.', 'A']);
  await page.close();
});
