// The built page as its reader meets it: first paint, a live debate, a batch over a reload, files, links, every screen under axe.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { foldAll } from '../../src/debate/fold';
import type { RunFile } from '../../src/debate/events';
import { root } from '../steps';
import { violations as violationsOn } from './axe';
import { launch, serveFolder } from './harness';
import { journey, shown as shownOn } from './journey';
import { watchTasks } from './long-tasks';

const featured = JSON.parse(readFileSync(join(root, 'public/runs/featured.run.json'), 'utf8')) as RunFile;

let page: Page;

const app = journey({ patience: 150_000 });
const { asked } = app;

const violations = (): Promise<string[]> => violationsOn(page);

const shown = (text: string | RegExp): Promise<void> => shownOn(page, text);

/** Goes to a route as a reader of the page does, without loading it again. */
const go = (hash: string): Promise<void> => page.evaluate(to => void (location.hash = to), hash);

describe('the page', { timeout: 400_000 }, () => {
  it('plays the recording at first paint, before any byte of a model', async () => {
    page = await app.open();
    await shown('Recorded');
    const { questions } = foldAll(featured.events);
    await shown([...questions.values()][0]!.question.text);
    await page.getByRole('article').first().waitFor();
    expect(asked.filter(path => /models\/|\.wasm/.test(path))).toEqual([]);
    expect(asked.some(path => path.endsWith('featured.run.json'))).toBe(true);
    expect(await page.title()).toBe('Debate · Polylogue');
  });

  it('has nothing for axe to find on any screen, light or dark, wide or narrow', async () => {
    page = await app.open();
    for (const colorScheme of ['light', 'dark'] as const)
      for (const size of [
        { width: 1280, height: 900 },
        { width: 390, height: 844 },
      ]) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await page.setViewportSize(size);
        for (const screen of ['/debate', '/batch', '/runs', '/models', '/learn', '/nowhere', 'run=runs%2Fbatch.run.json']) {
          await go(`#${screen}`);
          if (screen.startsWith('run')) await shown('Share of right answers by round');
          await page.getByRole('heading', { level: 1 }).waitFor({ state: 'attached' });
          expect([colorScheme, size.width, screen, await violations()]).toEqual([colorScheme, size.width, screen, []]);
          const wide = await page.evaluate(() => document.documentElement.scrollWidth);
          expect([screen, wide]).toEqual([screen, size.width]);
        }
      }
  });

  it('has nothing for axe to find in what opens on a screen, light or dark, nor with forced colours or more contrast', async () => {
    page = await app.open();
    await page.emulateMedia({ reducedMotion: 'reduce' });
    /** What was on its way to another colour has arrived: a button that has just come back fades in. */
    const painted = async (): Promise<void> => {
      await page.waitForFunction(() =>
        document.getAnimations().every(one => one.effect?.getTiming().iterations === Infinity || one.playState !== 'running'),
      );
      await page.waitForTimeout(100);
    };
    const clean = async (what: string): Promise<void> => {
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        await painted();
        expect([what, colorScheme, await violations()]).toEqual([what, colorScheme, []]);
      }
    };
    await shown('Recorded');
    const { hash } = new URL(app.at('#r1.broken'));
    await page.locator('summary').first().click();
    await page.getByRole('button', { name: 'As published' }).click();
    await page.getByText(/^More settings, \d+ changed/).click();
    await page.getByLabel('Agents', { exact: true }).fill('99');
    await clean('open settings with a problem');
    await page.getByRole('button', { name: 'Defaults' }).click();
    await page.locator('summary').first().click();
    await page.getByRole('button', { name: /^Keys/ }).click();
    await clean('list of keys');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Open this turn: Agent B, round 2' }).click();
    for (const tab of ['Text', 'Prompt', 'Tokens', 'Settings']) {
      await page.getByRole('tab', { name: tab }).click();
      await clean(`turn, ${tab}`);
    }
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: 'Share' }).click();
    await page.getByRole('textbox', { name: 'Link' }).waitFor();
    await clean('share dialog');
    await page.keyboard.press('Escape');
    await page.getByLabel('Kind of question').selectOption({ index: 1 });
    await page.getByLabel('Your question').fill(' x');
    await page.getByLabel('Your question').fill('');
    await clean('own question');
    await go(hash);
    await shown('This cannot be shown');
    await clean('broken link');

    await go('#/batch');
    await page.getByLabel('Questions', { exact: true }).fill('400');
    await page.getByRole('button', { name: 'Run batch' }).click();
    await shown(/questions a minute/);
    // Once: a theme that changes while rows arrive is repainted bit by bit.
    expect(await violations()).toEqual([]);
    await page.getByRole('button', { name: 'Pause' }).click();
    await shown('Go on');
    await clean('paused batch');
    await go('#/runs');
    await shown(/unfinished/);
    await clean('list of runs');
    await page.getByRole('button', { name: /^Rename/ }).click();
    await clean('rename');
    await page.keyboard.press('Escape');

    await go('#/debate');
    await shown('Recorded');
    for (const media of [{ forcedColors: 'active' }, { forcedColors: 'none', contrast: 'more' }] as const) {
      await page.emulateMedia(media);
      await painted();
      expect([media, await violations()]).toEqual([media, []]);
      // Only the entry of this screen is underlined.
      const lines = await page.locator('nav a').evaluateAll(all => all.map(link => getComputedStyle(link).borderBottomColor));
      expect(lines.filter(colour => colour !== lines[1])).toHaveLength(1);
      // A mark that is only a background would be gone.
      const marks = await page
        .locator('article mark')
        .evaluateAll(all => all.map(mark => getComputedStyle(mark).borderBottomStyle !== 'none' && getComputedStyle(mark).fontWeight));
      expect(new Set(marks)).toEqual(new Set(['700']));
    }

    // The tab that has the models goes.
    await page.close();
    page = await app.browser.open('about:blank');
    await page.addInitScript(() => {
      const denied = (): never => {
        throw new DOMException('denied', 'SecurityError');
      };
      indexedDB.open = denied;
      for (const name of ['localStorage', 'caches']) Object.defineProperty(window, name, { get: denied });
    });
    await page.goto(app.at());
    await shown('Not saved on disk.');
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await clean('storage banner');
    // It is told once that nothing is kept, not again beside the banner.
    await page.getByRole('button', { name: 'Run live' }).click();
    await shown(/^Run here/);
    expect(await page.getByRole('complementary', { name: 'Storage' }).innerText()).toContain('records in this tab only');
    expect(await page.getByRole('complementary', { name: 'Notices' }).count()).toBe(0);
    await go('#/models');
    await shown('built in');
  });

  it('runs a debate live in the same view, keeps it, and plays the kept one', async () => {
    page = await app.open();
    await shown('Recorded');
    // How many agents were seen speaking in the same moment.
    await page.evaluate(() => {
      const seen = window as unknown as { busiest: number };
      seen.busiest = 0;
      new MutationObserver(() => {
        const speaking = [...document.querySelectorAll('article[aria-busy=true]')].filter(one =>
          one.querySelector(':scope > .text')?.textContent.trim(),
        );
        seen.busiest = Math.max(seen.busiest, speaking.length);
      }).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
    });
    await page.getByRole('button', { name: 'Run live' }).click();
    await shown(/^Run here/);
    await shown('Decided');
    expect(await page.evaluate('window.busiest')).toBe(3);
    // The engine that spoke is there, so the tokens of a prompt can be counted: parts and chat template make up the whole.
    await page.getByRole('button', { name: 'Open this turn: Agent A, round 2' }).click();
    const sheet = page.getByRole('dialog');
    await sheet.getByRole('tab', { name: 'Prompt' }).click();
    const counted = await sheet.getByText(/token.* in all, /).innerText();
    const [all, template] = [...counted.matchAll(/(\d+) /g)].map(match => Number(match[1]));
    await sheet.getByText(new RegExp(`of context: ${all} read`)).waitFor();
    const parts = await sheet.locator('.name span').allInnerTexts();
    expect(parts.length).toBeGreaterThan(2);
    expect(all! - template! - parts.map(text => parseInt(text)).reduce((sum, one) => sum + one, 0)).toBeGreaterThanOrEqual(0);
    expect(Number(await sheet.locator('meter').getAttribute('value'))).toBeGreaterThan(all!);
    expect(await violations()).toEqual([]);
    await page.keyboard.press('Escape');
    await go('#/runs');
    const title = [...foldAll(featured.events).questions.values()][0]!.question.text;
    await page.getByRole('link', { name: title }).click();
    await page.getByRole('heading', { level: 1, name: title }).waitFor();
    await shown('Decided');
    expect(await violations()).toEqual([]);
    await page.reload();
    await shown('Decided');
    const order = asked.findIndex(path => path.includes('models/'));
    expect(order).toBeGreaterThan(asked.findIndex(path => path.endsWith('featured.run.json')));
  });

  it('keeps what was typed when a setting is wrong, and says what is', async () => {
    page = await app.open();
    await page.locator('summary').first().click();
    const agents = page.getByLabel('Agents');
    await agents.fill('99');
    await shown(/99 is outside 1 to 26/);
    expect(await page.getByRole('button', { name: 'Run live' }).isDisabled()).toBe(true);
    await go('#/models');
    await go('#/debate');
    await page.locator('summary').first().click();
    expect(await agents.inputValue()).toBe('99');
    await page.getByRole('button', { name: 'Defaults' }).click();
    expect(await agents.inputValue()).toBe('3');
    expect(await page.getByRole('button', { name: 'Run live' }).isEnabled()).toBe(true);
  });

  it('asks a question by its number in a list, or in own words; a stopped batch is over, renamed and resumed from the list', async () => {
    page = await app.open();
    await shown('Recorded');
    const chosen = page.locator('output.question');
    // The recorded question stands in no list, so that there is nothing to number.
    expect(await page.getByLabel('Number of the question').count()).toBe(0);
    await page.getByRole('button', { name: 'From a list' }).click();
    await page.getByLabel('List of questions').fill('7');
    await page.getByLabel('List of questions').press('Tab');
    const first = await chosen.innerText();
    await page.getByLabel('Number of the question').fill('3');
    await page.getByLabel('Number of the question').press('Tab');
    const third = await chosen.innerText();
    expect(third).not.toBe(first);
    await page.getByRole('button', { name: 'Previous question' }).click();
    await page.getByRole('button', { name: 'Next question' }).click();
    expect(await chosen.innerText()).toBe(third);
    await page.getByLabel('Number of the question').fill('many');
    await page.getByLabel('Number of the question').press('Tab');
    expect(await page.getByLabel('Number of the question').inputValue()).toBe('3');

    await page.getByLabel('Kind of question').selectOption({ index: 1 });
    await page.getByLabel('Your question').fill('What is 3+4*5+6-7*2?');
    await page.getByLabel('Right answer').fill('15');
    expect(await violations()).toEqual([]);
    await page.getByRole('button', { name: 'Run live' }).click();
    await shown(/^Run here/);
    await shown('Decided');
    await shown('right answer 15');

    await go('#/batch');
    await page.getByLabel('Questions', { exact: true }).fill('400');
    await page.getByRole('button', { name: 'Run batch' }).click();
    await shown(/left · .* questions a minute/);
    expect(await violations()).toEqual([]);
    await page.keyboard.press('/');
    expect(await page.evaluate('document.activeElement.type')).toBe('search');
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await shown('stopped: the rest is not asked');
    expect(await page.getByRole('button', { name: 'Go on' }).count()).toBe(0);
    expect(await page.getByRole('button', { name: 'Run batch' }).isEnabled()).toBe(true);

    await go('#/runs');
    await page.getByRole('button', { name: /^Rename 400/ }).click();
    const dialog = page.getByRole('dialog', { name: 'Rename' });
    expect(await violations()).toEqual([]);
    await dialog.getByLabel('Title').fill('Cut short');
    await dialog.getByRole('button', { name: 'Rename' }).click();
    await page.getByRole('link', { name: 'Cut short' }).click();
    await page.getByRole('button', { name: 'Resume' }).click();
    await shown(/left · .* questions a minute/);
    await page.getByRole('heading', { level: 1, name: 'Cut short' }).waitFor();
    // Another run takes its place, and says so.
    await go('#/debate');
    await page.getByRole('button', { name: 'Run live' }).click();
    await shown('“Cut short” was paused for this');
    await page.getByRole('button', { name: 'Show' }).click();
    await page.getByRole('button', { name: 'Resume' }).waitFor();
  });

  it('resumes a batch after a reload with nothing lost and nothing doubled; export, delete and import bring it back', async () => {
    page = await app.open('#/batch');
    await page.getByLabel('Questions').fill('40');
    await page.getByRole('button', { name: 'Run batch' }).click();
    await page.waitForFunction(() => Number(/(\d+) of 40 questions/.exec(document.body.textContent ?? '')?.[1] ?? 0) >= 3);
    await page.getByRole('button', { name: 'Pause' }).click();
    await shown('Go on');
    expect(await violations()).toEqual([]);
    await page.reload();
    await go('#/runs');
    await shown(/unfinished/);
    const tasks = await watchTasks(page);
    await page.getByRole('button', { name: 'Resume' }).click();
    await shown('40 of 40 questions');
    await shown(/finished/);
    await tasks.note('live batch');
    tasks.verify();
    // Every figure has its n, and an interval where the questions show one.
    const rounds = page.getByRole('region', { name: 'Accuracy by round' }).getByRole('row');
    expect(await rounds.nth(1).innerText()).toMatch(/\d % *\s+n 40, 95 % \d+–\d+\s+\d\.\d\d\s+n 40, 95 % \d\.\d\d–\d\.\d\d/);
    expect(await violations()).toEqual([]);

    const saving = page.waitForEvent('download');
    await page.locator('#main').getByRole('button', { name: 'Export' }).click();
    const download = await saving;
    const file = join(app.dir, 'exported.run.json');
    await download.saveAs(file);
    const { events } = JSON.parse(readFileSync(file, 'utf8')) as RunFile;
    const run = foldAll(events);
    expect(run.finished).not.toBeNull();
    expect([...run.questions.values()].every(question => question.turns.size === 9 && question.vote !== null)).toBe(true);
    const turns = events.flatMap(event => (event.type === 'turn' ? [event.turn.id] : []));
    expect(new Set(turns).size).toBe(turns.length);

    await go('#/runs');
    await page.getByRole('button', { name: /^Delete/ }).click();
    expect(await violations()).toEqual([]);
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await shown('No runs yet');
    // Nor does the screen it ran on still offer it.
    await go('#/batch');
    await shown('makes 450 calls');
    await go('#/runs');
    await page.getByLabel('Run files to import').setInputFiles(file);
    await shown(/imported/);
    await page.getByRole('link', { name: /40 ×/ }).click();
    await shown('40 questions');
    const filter = page.getByRole('button', { name: /^Split/ });
    await filter.click();
    expect(await filter.getAttribute('aria-pressed')).toBe('true');
  });

  it('shares a debate as a link that another browser opens, and says what is wrong with a cut one', async () => {
    page = await app.open();
    await shown('Recorded');
    await page.getByRole('button', { name: 'Share' }).click();
    const field = page.getByRole('textbox', { name: 'Link' });
    await field.waitFor();
    expect(await violations()).toEqual([]);
    const whole = await field.inputValue();
    expect(whole).toMatch(/#r1\.[\w-]+$/);
    await page.getByLabel('Opens at').selectOption({ label: 'round 2, agent B' });
    expect(await field.inputValue()).toBe(`${whole}&turn=2.1.critic`);
    await page.getByLabel('Opens at').selectOption('');
    await page.getByLabel('Answers only').check();
    await page.waitForFunction(
      length => document.querySelector<HTMLInputElement>('input[aria-label="Link"]')!.value.length < length,
      whole.length,
    );

    const recipe = await page.getByRole('textbox', { name: 'Recipe' }).inputValue();
    expect(recipe).toMatch(/#recipe=1&ask=What%20is%20[\d+*-]+\?&/);

    const other = await launch();
    try {
      other.context.setDefaultTimeout(150_000);
      asked.length = 0;
      page = await other.open(recipe);
      await shown('Nothing has been run.');
      expect(await violations()).toEqual([]);
      expect(asked.filter(path => /models\/|\.wasm/.test(path))).toEqual([]);
      await page.getByRole('button', { name: 'Set it up' }).click();
      await page.getByRole('button', { name: 'Run live' }).waitFor();
      expect(await page.evaluate(() => location.hash)).toBe('#/debate');
      await page.close();
      page = await other.open(whole);
      await shown('Unverified model output');
      await page.getByRole('article').first().waitFor();
      expect(await violations()).toEqual([]);
      expect(asked.filter(path => /models\/|\.wasm/.test(path))).toEqual([]);
      // The policy has been narrowed: whatever the run makes the page do, it can tell nobody.
      const reached = await page.evaluate(() =>
        fetch('https://example.org/').then(
          () => true,
          () => false,
        ),
      );
      expect(reached).toBe(false);
      await go(`${whole.slice(whole.indexOf('#'))}&turn=2.1.critic`);
      await page.getByRole('dialog').waitFor();
      expect(await page.getByRole('dialog').innerText()).toMatch(/Round 2|round 2/);
      await page.keyboard.press('Escape');
      await page.getByRole('button', { name: 'Keep here' }).click();
      await shown('Kept in this browser.');
      await go(whole.slice(whole.indexOf('#'), -40));
      await shown('This cannot be shown');
      expect(await violations()).toEqual([]);
      await go('#/runs');
      await shown(/imported/);
      expect([other.errors, other.foreign]).toEqual([[], []]);
    } finally {
      await other.close();
    }
  });

  it('takes a file that is dropped anywhere and shows it; another file it refuses in words, and it never leaves the page', async () => {
    page = await app.open();
    await shown('Recorded');
    const hint = page.getByText('Drop it anywhere.');
    /** As a real drop: over the page, then let go. */
    const drop = async (name: string, content: string, seen?: () => Promise<void>): Promise<void> => {
      const transfer = await page.evaluateHandle(
        ([file, text]) => {
          const data = new DataTransfer();
          data.items.add(new File([text!], file!));
          return data;
        },
        [name, content],
      );
      const target = page.locator('main');
      await target.dispatchEvent('dragover', { dataTransfer: transfer });
      await hint.waitFor();
      await seen?.();
      await target.dispatchEvent('drop', { dataTransfer: transfer });
      await hint.waitFor({ state: 'hidden' });
    };
    await drop('notes.txt', 'Dear diary', async () => expect(await violations()).toEqual([]));
    await shown('notes.txt is no run, loop, training set or backup.');
    expect(await violations()).toEqual([]);
    await shown('Recorded');
    await page.getByRole('button', { name: 'Dismiss' }).click();

    await drop('run.json', JSON.stringify({ ...featured, events: [{ type: 'nothing' }] }));
    await shown('run.json was not imported.');
    await page.getByRole('button', { name: 'Dismiss' }).click();

    await drop('run.json', JSON.stringify(featured));
    await shown('Imported.');
    expect(new URL(page.url()).hash).toMatch(/^#\/runs\//);
    await page.getByRole('article').first().waitFor();
    await go('#/models');
    await page.getByRole('heading', { level: 1, name: 'Models' }).waitFor();
    await drop('the same again.json', JSON.stringify(featured));
    await shown('the same again.json is already here.');
    await shown('Imported.');
    expect(new URL(page.url()).hash).toMatch(/^#\/runs\//);

    await drop('gentle.json', readFileSync(join(root, 'public/runs/gentle/loop.json'), 'utf8'));
    await page.getByText('Gentle loop, 3 + 3 agents, seed 1').first().waitFor();
    await page.waitForURL(/#\/loop\//);

    await drop('rows.jsonl', '{"messages":[{"role":"user","content":"1+1"},{"role":"assistant","content":"2"}]}\n');
    const dialog = page.getByRole('dialog', { name: 'Import rows' });
    await dialog.getByText(/1 row/).waitFor();
    // A second file while the dialog stands there takes the place of the first.
    await drop('more.jsonl', '{"messages":[{"role":"user","content":"1+1"},{"role":"assistant","content":"2"}]}\n'.repeat(2));
    await dialog.getByText(/2 rows/).waitFor();
    expect(new URL(page.url()).hash).toBe('#/data');
  });

  it('names another host before it fetches a run from there', async () => {
    let fetched = 0;
    const host = await serveFolder(app.dir, {
      handle(_, response) {
        fetched++;
        response.setHeader('access-control-allow-origin', '*');
        response.end(JSON.stringify(featured));
        return true;
      },
    });
    try {
      const url = `${host.url}some.run.json`;
      page = await app.open(`#run=${encodeURIComponent(url)}`);
      await shown(`Open a run from ${new URL(url).host}?`);
      expect(await violations()).toEqual([]);
      expect(fetched).toBe(0);
      await page.getByRole('button', { name: 'Open it' }).click();
      await shown('Unverified model output');
      expect(fetched).toBe(1);
      expect(app.browser.foreign).toEqual([url]);
      app.browser.foreign.length = 0;
      await go(`#run=${encodeURIComponent('runs/featured.run.json')}`);
      await shown('from this site');
    } finally {
      await host.close();
    }
  });

  it('works on a second visit without a network, the built-in model included', async () => {
    page = await app.open();
    await page.getByRole('button', { name: 'Run live' }).click();
    await shown(/^Run here/);
    const kept = (): Promise<string[]> =>
      page.evaluate("caches.open('polylogue-app-1').then(cache => cache.keys()).then(keys => keys.map(key => key.url))");
    await expect
      .poll(async () => (await kept()).filter(url => /\.wasm|model\.onnx|Screen/.test(url)).length, { timeout: 60_000 })
      .toBeGreaterThan(4);
    await app.browser.context.setOffline(true);
    await page.reload();
    await shown('Recorded');
    await page.getByRole('button', { name: 'Run live' }).click();
    await shown(/^Run here/);
    await go('#/learn');
    await shown('Generators and critics');
  });
});
