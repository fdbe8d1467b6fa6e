// A loop that the server of its page trains: the page goes away in the middle, and on return watches the same jobs again by itself.
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { mountTuner } from '../../src/cli/mount-tuner';
import { serve } from '../../src/cli/serve';
import { journey, shown } from './journey';

/** `METHOD path` of what was written to the server. */
const writes: string[] = [];
const sent = (): string[] => writes.filter(one => one.startsWith('POST')).sort();
const once = [...Array<string>(4).fill('POST /v1/files'), ...Array<string>(4).fill('POST /v1/fine_tuning/jobs')];

const app = journey({
  patience: 60_000,
  serve(dir) {
    const own = mountTuner({ data: join(dir, 'tuner'), host: '127.0.0.1' });
    return serve({
      dir: join(dir, 'sub/path'),
      port: 0,
      host: '127.0.0.1',
      async mount(port) {
        const mounted = await own(port);
        return {
          ...mounted,
          listener(request, response) {
            if (request.method !== 'GET') writes.push(`${request.method} ${request.url}`);
            mounted.listener(request, response);
          },
        };
      },
    });
  },
});

interface Job {
  id: string;
  status: string;
}

/** As the server itself keeps them. */
async function jobs(): Promise<Job[]> {
  const told = await fetch(app.at('endpoint.json'));
  const { url, token } = (await told.json()) as { url: string; token: string };
  const answer = await fetch(`${url}/fine_tuning/jobs?limit=100`, { headers: { authorization: `Bearer ${token}` } });
  return ((await answer.json()) as { data: Job[] }).data;
}

const training = /step [1-9]\d* of 60/;

it(
  'asks once before rows go; after a reload and after a closed tab it goes on by itself, with the same jobs',
  { timeout: 400_000 },
  async () => {
    let page = await app.open('#/loop');
    await page.getByText('trained by the server of this page').click();
    await expect.poll(() => page.getByRole('radio', { name: /^This server/ }).isChecked()).toBe(true);
    const fill = (label: string, value: string): Promise<void> => page.getByLabel(label, { exact: true }).fill(value);
    await fill('Iterations', '1');
    await fill('Training questions', '6');
    await fill('Held-out questions', '2');
    await fill('Agents', '2');
    await fill('Generators: updates', '60');
    await page.getByText('Further settings').click();
    await fill('Questions scored for surprise', '0');
    await page.getByLabel('A critic without corrected rows').selectOption('other');
    await page.getByRole('button', { name: 'Run this here' }).click();

    const dialog = page.getByRole('dialog', { name: /^Send training rows/ });
    await dialog.waitFor();
    await expect.poll(() => dialog.getByRole('row').count()).toBe(5);
    expect(await dialog.textContent()).toContain('does not state a price');
    expect(writes).toEqual([]);
    await dialog.getByRole('button', { name: /^Send to/ }).click();
    await expect.poll(sent, { timeout: 60_000 }).toEqual(once);
    await shown(page, training);
    const ordered = await jobs();
    expect(ordered).toHaveLength(4);

    // From here on nothing is pressed but what shows the loop.
    await page.reload();
    await shown(page, training);
    expect(await page.getByRole('button', { name: 'Resume' }).count()).toBe(0);
    await page.close();
    page = await app.open('#/data');
    await shown(page, /goes on: its trainings are watched again/);
    await page.getByRole('button', { name: 'Show' }).click();
    await shown(page, training);
    await shown(page, /100 % · finished/);
    await shown(page, /after iteration 1/);
    expect(await page.getByRole('dialog').count()).toBe(0);
    expect(await page.getByText('✓ arrived as trained').count()).toBe(4);
    const after = await jobs();
    expect(after.map(({ id, status }) => [id, status]).sort()).toEqual(ordered.map(({ id }) => [id, 'succeeded']).sort());
    expect(sent()).toEqual(once);
  },
);
