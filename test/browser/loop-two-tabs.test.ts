// A loop that two tabs go on with in turns: each goes on from where the other stopped, and nothing is done twice.
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { journey, shown } from './journey';
import { loopOnDisk } from './on-disk';

const app = journey({ isolate: true, patience: 60_000 });

/** A tab whose loop needs the models says that it stopped, and offers to take them. */
async function takeModels(page: Page): Promise<void> {
  await shown(page, /Stopped\. Polylogue is running a model in another tab/);
  await page.getByRole('button', { name: 'Take over here' }).click();
  await page.getByRole('button', { name: 'Take over here' }).waitFor({ state: 'detached' });
}

/** What the loop of this browser has come to, in order. */
const facts = async (page: Page): Promise<string[]> =>
  (await loopOnDisk(page)).flatMap(event =>
    event.type === 'debated' || event.type === 'collected' || event.type === 'measured' ? [`${event.type} ${event.iteration}`] : [],
  );

it('is followed in the tab that let go of it, and goes on there from where the other one stopped', { timeout: 300_000 }, async () => {
  const first = await app.open('#/loop');
  await first.getByText('trained in this page').click();
  const fill = (label: string, value: string): Promise<void> => first.getByLabel(label, { exact: true }).fill(value);
  await fill('Iterations', '1');
  await fill('Training questions', '12');
  await fill('Held-out questions', '8');
  await fill('Agents', '2');
  await fill('Generators: updates', '12');
  await first.getByText('Further settings').click();
  await fill('Questions scored for surprise', '0');
  await first.getByLabel('A critic without corrected rows').selectOption('other');
  await first.getByRole('button', { name: 'Run this here' }).click();
  await shown(first, /debate\s*[1-9]\d*\/|evaluate\s*[1-9]\d*\//);
  await first.getByRole('button', { name: 'Pause' }).click();
  await shown(first, /paused/);

  // The second tab takes the models, then the loop.
  const second = await app.browser.open(first.url());
  await second.getByRole('button', { name: 'Resume' }).first().click();
  await takeModels(second);
  await second.getByRole('button', { name: 'Try again', exact: true }).click();
  await shown(second, /finetune\s*\d+\//);
  await second.getByRole('button', { name: 'Pause' }).click();
  await shown(second, /paused/);

  // The first one has followed it: its own copy of the loop ended long before.
  await shown(first, /iteration 1 · sets made/);
  await first.getByRole('button', { name: 'Resume' }).first().click();
  await takeModels(first);
  await first.getByRole('button', { name: 'Try again', exact: true }).click();
  await shown(first, /100 % · finished/);
  expect(await first.getByRole('alert').count()).toBe(0);
  expect(await facts(first)).toEqual(['debated 0', 'measured 0', 'debated 1', 'collected 1', 'debated 1', 'measured 1']);
});
