// The theatre alone, with a hand-made run: what eyes, ears and fingers get at every size.
import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { violations as violationsOn } from './axe';
import { buildPage, launch, serveFolder, type Browser, type Site } from './harness';

let built: Awaited<ReturnType<typeof buildPage>>;
let site: Site;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  built = await buildPage('theatre', [svelte({ configFile: false, compilerOptions: { runes: true } })]);
  site = await serveFolder(built.dir);
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
  built?.remove();
});
afterEach(async () => {
  await page.evaluate('localStorage.clear()');
  await page.close();
  expect(browser.errors.splice(0)).toEqual([]);
});

async function open(query: string, width = 1280, height = 900): Promise<void> {
  page = await browser.open('about:blank');
  await page.addInitScript(`
    window.heard = [];
    new MutationObserver(changes => {
      for (const { target, addedNodes } of changes)
        for (const node of addedNodes) {
          if (target.role === 'log' && node.textContent.trim()) window.heard.push(node.textContent);
          // A log that comes with lines in it.
          else if (node.querySelectorAll) for (const log of node.querySelectorAll('[role=log] p')) window.heard.push(log.textContent);
        }
    }).observe(document, { childList: true, subtree: true });
  `);
  await page.setViewportSize({ width, height });
  await page.goto(`${site.url}${query}`);
  await page.getByRole('region', { name: /^Debate/ }).waitFor();
}
const violations = (): Promise<string[]> => violationsOn(page);
const label = (): Promise<string | null> => page.getByRole('slider', { name: 'Position' }).getAttribute('aria-valuetext');
const card = (name: string) => page.getByRole('article', { name });
/** Every line that was ever put into the log, also one that was put in again: what a screen reader says. */
const heard = async (): Promise<string[]> => {
  await page.waitForFunction('window.heard.some(line => line.startsWith("Decided"))');
  // A line that is added twice would come within the frames that follow.
  await page.waitForTimeout(300);
  return page.evaluate('window.heard');
};
const told = [
  'Agent A answers 13.',
  'Agent B answers 33.',
  'Agent C gives no answer.',
  'Agent A answers 13.',
  'Agent B answers 13.',
  'Agent C answers 33.',
  'Decided: 13, right.',
];
const sideways = (): Promise<number> => page.evaluate('document.documentElement.scrollWidth - innerWidth');

describe('a recording', () => {
  it('stands at its end unless it shall play, and says what happened', async () => {
    await open('');
    expect(await label()).toBe('round 2 · turn 6/6');
    await page.getByText(/^How answers are read: The last .boxed/).waitFor();
    expect(await card('Agent B, round 2, critic').innerText()).toMatch(/33\s*→[\s\S]*13/);
    expect(await card('Agent C, round 1, generator').innerText()).toContain('unparsed');
    await page.getByText('B went from 33 to 13, C went from no answer to 33; A held.', { exact: true }).first().waitFor();
    await page
      .getByText(/Most votes win/)
      .first()
      .waitFor();
  });

  it('plays by itself, answers in order, and moves nothing it has drawn', async () => {
    await open('?autoplay');
    const boxes = () =>
      page.evaluate(
        "[...document.querySelectorAll('article')].map(a => { const { x, y, width } = a.getBoundingClientRect(); return [x, y, width].join(' ') })",
      );
    const before = await boxes();
    await page.getByText('Agent B answers 33.').waitFor({ state: 'attached' });
    expect(await boxes()).toEqual(before);
    await page.getByRole('button', { name: 'Pause (Space)' }).click();
    const stopped = await label();
    await page.waitForTimeout(300);
    expect(await label()).toBe(stopped);
    expect(stopped).toMatch(/turn [1-6]\/6/);
  });

  it('tells ears each answer and the decision once, at the end of a replay too', async () => {
    await open('?autoplay');
    await page.getByRole('button', { name: /^Speed/ }).click();
    await page.getByRole('menuitemradio', { name: 'four times' }).click();
    expect([...(await heard())].sort()).toEqual([...told].sort());
    // A step forward lets something happen; a scrub does not.
    await page.keyboard.press('[');
    await page.keyboard.press('ArrowRight');
    await page.getByRole('slider', { name: 'Position' }).press('Home');
    await page.getByRole('slider', { name: 'Position' }).press('End');
    await page.waitForTimeout(300);
    expect(await page.evaluate(`window.heard.length - ${told.length}`)).toBe(1);
  });

  it('shows in slow motion what is going on, and goes as fast as it is told', async () => {
    await open('');
    /** Milliseconds of the recording that go by in one of the clock. */
    const pace = async (speed: string): Promise<number> => {
      await page.getByRole('button', { name: /^Speed/ }).click();
      await page.getByRole('menuitemradio', { name: speed }).click();
      await page.getByRole('slider', { name: 'Position' }).press('Home');
      await page.getByRole('button', { name: 'Play (Space)' }).click();
      const at = (): Promise<number[]> => page.evaluate("[Number(document.querySelector('input[type=range]').value), performance.now()]");
      await page.waitForFunction("Number(document.querySelector('input[type=range]').value) > 0");
      const [from, before] = await at();
      await page.waitForTimeout(600);
      const [to, after] = await at();
      if (speed.startsWith('slow')) expect(await page.locator('.player .stage').innerText()).toBe('prompt built');
      await page.getByRole('button', { name: 'Pause (Space)' }).click();
      return (to! - from!) / (after! - before!);
    };
    const slow = await pace('slow motion');
    const fast = await pace('four times');
    expect(slow).toBeLessThan(0.3);
    expect(fast).toBeGreaterThan(slow * 4);
  });

  it('is stepped by turn, by round and for one agent, from the keyboard', async () => {
    await open('');
    await page.keyboard.press('[');
    expect(await label()).toBe('round 1 · turn 3/6');
    await page.keyboard.press('[');
    expect(await label()).toBe('round 1 · turn 0/6');
    expect(await card('Agent A, round 1, generator').locator('mark').count()).toBe(0);
    await page.keyboard.press('ArrowRight');
    expect(await label()).toBe('round 1 · turn 1/6');
    await page.keyboard.press(']');
    await page.keyboard.press(']');
    expect(await label()).toBe('round 2 · turn 6/6');
    await page.getByRole('region', { name: /^Debate/ }).focus();
    await page.keyboard.press('ArrowDown');
    await page.getByRole('button', { name: 'Follow an agent: A' }).waitFor();
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowLeft');
    expect(await label()).toBe('round 1 · turn 2/6');
  });

  it('leaves the keys alone when they are switched off', async () => {
    await open('');
    await page.keyboard.press('?');
    await page.getByRole('checkbox', { name: 'Keys are on' }).uncheck();
    await page.keyboard.press('Escape');
    await page.keyboard.press('[');
    expect(await label()).toBe('round 2 · turn 6/6');
    await page.reload();
    await page.getByRole('region', { name: /^Debate/ }).waitFor();
    await page.keyboard.press('[');
    expect(await label()).toBe('round 2 · turn 6/6');
  });

  it('is scrubbed', async () => {
    await open('');
    const slider = page.getByRole('slider', { name: 'Position' });
    await slider.focus();
    await page.keyboard.press('Home');
    expect(await label()).toBe('round 1 · turn 0/6');
    expect(await card('Agent A, round 1, generator').getAttribute('aria-busy')).toBe('true');
  });

  it('waits for the reader under reduced motion, then goes from answer to answer', async () => {
    page = await browser.open('about:blank');
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await page.goto(`${site.url}?autoplay`);
    await page.getByRole('region', { name: /^Debate/ }).waitFor();
    expect(await label()).toBe('round 2 · turn 6/6');
    await page.getByRole('button', { name: 'Play again (Space)' }).click();
    await page.waitForFunction("document.querySelector('input[type=range]').getAttribute('aria-valuetext').includes('turn 1/6')");
    const texts = await page.evaluate(
      "[...document.querySelectorAll('article')].filter(a => a.getAttribute('aria-busy') === 'false').length",
    );
    expect(texts).toBeGreaterThan(0);
  });
});

describe('a turn', () => {
  it('opens with its exact prompt, tokens and settings, and gives the focus back', async () => {
    await open('');
    const opener = page.getByRole('button', { name: 'Open this turn: Agent B, round 2' });
    await opener.click();
    const sheet = page.getByRole('dialog');
    await sheet.getByRole('tab', { name: 'Prompt' }).click();
    await sheet.getByText('✓ These are the exact messages').waitFor();
    await sheet.getByLabel('Compare with').selectOption('that of A');
    expect(await sheet.locator('ins').count()).toBeGreaterThan(0);
    await sheet.getByLabel('Compare with').selectOption('its own in round 1');
    expect(await sheet.locator('ins').count()).toBeGreaterThan(0);
    expect(await violations()).toEqual([]);
    await sheet.getByLabel('Compare with').selectOption('nothing');
    await sheet.getByRole('button', { name: 'summary made for B, round 2' }).click();
    await sheet.getByRole('heading', { name: 'Agent B · round 2 · summariser' }).waitFor();
    await sheet.getByRole('tab', { name: 'Tokens' }).click();
    await sheet.getByText('nats of surprise').waitFor();
    expect(await violations()).toEqual([]);
    await page.keyboard.press('ArrowRight');
    expect(await sheet.getByRole('tab', { name: 'Settings' }).getAttribute('aria-selected')).toBe('true');
    await sheet.getByText('Run seed').waitFor();
    expect(await violations()).toEqual([]);
    await page.keyboard.press('Escape');
    await sheet.waitFor({ state: 'detached' });
    expect(await opener.evaluate(element => element === document.activeElement)).toBe(true);
  });

  it('opens while it is spoken and after it failed, with prompt, seed and settings', async () => {
    await open('?failed');
    await page.getByRole('button', { name: 'Open this turn: Agent C, round 2' }).click();
    const sheet = page.getByRole('dialog');
    await sheet.getByText('The fixture broke here. It is never asked again').waitFor();
    await sheet.getByRole('tab', { name: 'Prompt' }).click();
    await sheet.getByText('rebuilt from the record').waitFor();
    expect(await sheet.locator('.message').count()).toBeGreaterThan(1);
    expect(await violations()).toEqual([]);
    await sheet.getByRole('tab', { name: 'Settings' }).click();
    await sheet.getByText('Run seed').waitFor();
    await page.close();

    await open('?live');
    await page.getByRole('button', { name: 'Open this turn: Agent A, round 1' }).click();
    await page.getByText('still speaking').waitFor();
    await page.getByRole('dialog').getByText('ended by the model').waitFor();
  });

  it('shows model text as text, whatever it says', async () => {
    await open('?hostile');
    await page.getByText('<img src=x onerror=alert(1)>').first().waitFor();
    expect(await page.locator('article img').count()).toBe(0);
  });
});

describe('the answer flow', () => {
  it('is one stop for Tab, is walked with arrows, and has a table twin', async () => {
    await open('');
    const marks = page.locator('svg .ribbon');
    expect(await marks.evaluateAll(all => all.filter(mark => mark.getAttribute('tabindex') === '0').length)).toBe(1);
    await marks.first().focus();
    await page.keyboard.press('ArrowRight');
    expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toBe(
      'Agent B changed from 33 (wrong) in round 1 to 13 (right) in round 2, after reading a summary of the others.',
    );
    await page.getByText('As a table').click();
    expect(await page.getByRole('row', { name: /^B/ }).first().innerText()).toMatch(/33[\s\S]*13/);
  });

  it('is copied as CSV and as an SVG that stands alone', async () => {
    await browser.context.grantPermissions(['clipboard-read', 'clipboard-write']);
    await open('');
    const copied = async (what: string): Promise<string> => {
      await page.getByRole('button', { name: 'Copy the answer flow' }).click();
      await page.getByRole('menuitem', { name: `Copy as ${what}` }).click();
      await page.getByText(`Copied as ${what}.`).waitFor({ state: 'attached' });
      return page.evaluate('navigator.clipboard.readText()');
    };
    expect((await copied('CSV')).replaceAll('\r', '')).toBe('agent,round 1,round 2\nA,13,13\nB,33,13\nC,∅,33');
    const svg = await copied('SVG');
    expect(svg).toMatch(/^<svg[^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    expect(svg).not.toContain('var(--');
  });
});

describe('a live run', () => {
  it.each([1, 4, 100])('tells ears each answer and the decision once, with %i events in a tick', async burst => {
    await open(`?live&burst=${burst}`);
    expect(await heard()).toEqual(told);
  });

  it('fills the same places and can be played back when it ends', async () => {
    await open('?live');
    await page.getByText('live · round 1').waitFor();
    expect(await violations()).toEqual([]);
    await page.getByText('Decided: 13, right.').waitFor({ state: 'attached' });
    await page.getByRole('slider', { name: 'Position' }).waitFor();
    expect(await label()).toBe('round 2 · turn 6/6');
    await page.keyboard.press('[');
    expect(await label()).toBe('round 1 · turn 3/6');
  });
});

describe('any size', () => {
  it.each([
    ['three agents', '', 1280, 900],
    ['three agents on a tablet', '', 820, 1100],
    ['three agents on a phone', '', 390, 844],
    ['eight agents, five rounds', '?agents=8&rounds=5', 1280, 900],
    ['eight agents, five rounds on a phone', '?agents=8&rounds=5', 390, 844],
    ['one agent, one round', '?agents=1&rounds=1', 390, 844],
  ])('%s: axe finds nothing in light and dark, and the page never scrolls sideways', async (_, query, width, height) => {
    await open(query, width, height);
    for (const colorScheme of ['light', 'dark'] as const) {
      // Without motion the colours are there at once.
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      expect(await violations()).toEqual([]);
      expect(await sideways()).toBeLessThanOrEqual(0);
    }
  });

  it('on a phone agents become tabs below a vote bar that stays', async () => {
    await open('', 390, 844);
    expect(await card('Agent A, round 1, generator').isVisible()).toBe(true);
    expect(await card('Agent B, round 1, generator').isVisible()).toBe(false);
    await page.getByRole('group', { name: 'Agent to read' }).getByRole('button', { name: 'B' }).click();
    expect(await card('Agent B, round 1, generator').isVisible()).toBe(true);
    await page.mouse.wheel(0, 500);
    await page.waitForTimeout(200);
    const bar = (await page
      .getByRole('img', { name: /^Round 2/ })
      .first()
      .boundingBox())!;
    expect(bar.y).toBeGreaterThanOrEqual(0);
    expect(bar.y).toBeLessThan(60);
  });
});
