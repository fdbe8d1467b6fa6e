// The closed loop as its reader meets it: the recording at first paint, then a whole loop in the page, reloaded in the middle of every stage.
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { foldAll } from '../../src/debate/fold';
import { foldLoopAll } from '../../src/experiment/fold';
import { presetById } from '../../src/experiment/presets';
import type { LoopFile } from '../../src/experiment/records';
import { root } from '../steps';
import { violations as violationsOn } from './axe';
import { journey, shown as shownOn } from './journey';
import { watchTasks } from './long-tasks';

let page: Page;

const app = journey({ isolate: true, patience: 150_000, silent: true });
const { asked } = app;

const violations = (): Promise<string[]> => violationsOn(page);

const shown = (text: string | RegExp): Promise<void> => shownOn(page, text);

/** Stages in order, as the track marks them; resolves once this one, or a later one, is under way. */
async function reached(iteration: number, stage: 'debate' | 'finetune' | 'adopt' | 'evaluate', pattern = /./): Promise<void> {
  const seen = page.waitForFunction(
    ([wanted, name, source]) => {
      const track = document.querySelector('section[aria-label="Progress of the loop"]');
      // A recording and a loop that rests have the same track; only one that runs can be paused.
      if (![...(track?.querySelectorAll('button') ?? [])].some(button => button.textContent?.includes('Pause'))) return false;
      const steps = [...(track?.querySelectorAll('li') ?? [])];
      const at = Number(/iteration (\d+)/.exec(track?.querySelector('ol')?.getAttribute('aria-label') ?? '')?.[1] ?? -1);
      const now = steps.findIndex(step => step.getAttribute('aria-current') === 'step');
      const goal = steps.findIndex(step => step.textContent?.includes(name));
      if (at > wanted || (at === wanted && (now < 0 || now > goal))) return true;
      return at === wanted && now === goal && new RegExp(source).test(track?.textContent ?? '');
    },
    [iteration, stage, pattern.source] as [number, string, string],
    { polling: 30 },
  );
  // What the page said instead is what one needs to know.
  await seen.catch(async (error: Error) => {
    const words = await page.evaluate(() =>
      [...document.querySelectorAll('[role=alert], .track, ul.jobs')].map(part => part.textContent?.replace(/\s+/g, ' ')).join(' | '),
    );
    throw new Error(`iteration ${iteration}, ${stage} was not reached: ${words}`, { cause: error });
  });
}

/** Asks the first agent in the list. @returns what the base says, and what it says */
async function talk(): Promise<string[]> {
  await page
    .getByRole('button', { name: /^Talk to/ })
    .first()
    .click();
  await page.getByRole('button', { name: 'Ask both' }).click();
  await page.waitForFunction(
    () => document.querySelectorAll('dialog .text').length === 2 && !document.querySelector('dialog [aria-busy="true"]'),
  );
  expect(await violations()).toEqual([]);
  const texts = await page.locator('dialog .text').allTextContents();
  await page.getByRole('button', { name: 'Close' }).click();
  return texts;
}

describe('the loop', { timeout: 400_000 }, () => {
  it('replays the recording before any byte of a model; its points open their questions; axe finds nothing', async () => {
    page = await app.open('#/loop');
    await shown('Recorded');
    await shown(/Before any training the debate is right in/);
    expect(asked.filter(path => /models\/|\.wasm/.test(path))).toEqual([]);
    expect(await page.title()).toBe('Loop · Polylogue');
    for (const colorScheme of ['light', 'dark'] as const)
      for (const width of [1280, 390]) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await page.setViewportSize({ width, height: 900 });
        // Under reduced motion the recording stands at its end.
        await page.reload();
        await shown('after iteration');
        await page.getByRole('button', { name: 'Run this here' }).waitFor();
        await shown(/(better|worse) on these questions|not separable from no change/);
        expect([colorScheme, width, await violations()]).toEqual([colorScheme, width, []]);
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      }
    // By keyboard: from the first mark along the line, then into its questions.
    const chart = page.getByRole('group', { name: /Before any training the debate is right in/ });
    await chart.getByRole('button', { name: /^Iteration 0, debate/ }).focus();
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    const rows = page.getByRole('region', { name: 'Rows behind the point' });
    await rows.waitFor();
    // So it is with every other figure: labels, diversity, sizes of sets.
    await page.getByRole('button', { name: /^Iteration 1, labels that are right/ }).press('Enter');
    await rows.getByRole('heading', { name: /^Iteration 1, labels: .* right$/ }).waitFor();
    await rows.getByRole('row').nth(1).waitFor();
    expect(await violations()).toEqual([]);
    const charts = ['Distinct strategies', 'Distinct answers', 'Consensus', 'Distance of texts', 'Surprise'];
    for (const chart of charts) {
      await page
        .getByRole('group', { name: new RegExp(`^${chart}`) })
        .getByRole('button')
        .first()
        .focus();
      await page.keyboard.press('Enter');
      await rows.getByRole('heading', { name: new RegExp(`^Iteration 0, ${chart}`, 'i') }).waitFor();
      await rows.getByRole('row').nth(1).waitFor();
    }
    expect(await violations()).toEqual([]);
    const size = page.getByRole('button', { name: /rows of generator B, iteration 2$/ });
    await size.focus();
    await page.keyboard.press('Enter');
    await rows.getByRole('heading', { name: /^Iteration 2, Generator B: \d+ rows$/ }).waitFor();
    await rows.getByRole('row').nth(1).waitFor();
    expect(await rows.getByRole('row').count()).toBe(Number((await size.textContent())!) + 1);
    await page.keyboard.press('Enter');
    await rows.waitFor({ state: 'detached' });

    // Another loop on the same questions is drawn behind, opens its own rows, and can be compared question by question.
    await page.getByLabel('Compare with').selectOption('Recorded: collapse');
    await shown(/Dotted: Collapse/);
    await page.getByRole('button', { name: /^Collapse.*Iteration 3, debate/ }).press('Enter');
    await rows.getByRole('heading', { name: /^Iteration 3, debate/ }).waitFor();
    await page.getByLabel('to', { exact: true }).selectOption({ index: 1 });
    await page.getByRole('heading', { name: /^Difference to Collapse/ }).waitFor();
    await page.getByRole('region', { name: 'Paired differences' }).getByRole('row').nth(3).waitFor();
    expect(await violations()).toEqual([]);
    // Names too long for the ends of lines stand below, not over the next figure.
    await page.getByLabel('Compare with').selectOption('Recorded: gentle, one model on all first answers');
    await shown(/Dotted: one model/);
    const within = (svg: Element): boolean => {
      const { right } = svg.getBoundingClientRect();
      return [...svg.querySelectorAll('text')].every(text => text.getBoundingClientRect().right <= right + 1);
    };
    expect(await page.locator('.chart > svg').first().evaluate(within)).toBe(true);
    await page.getByLabel('Compare with').selectOption('nothing');

    // Any two seats of any two iterations, side by side on the same question.
    const pair = page.getByRole('region', { name: 'Side by side' });
    await pair.getByLabel('Iteration, left').selectOption('1');
    await pair.getByLabel('Agent, left').selectOption({ label: 'Agent C' });
    await pair.getByLabel('Iteration, right').selectOption('2');
    await pair.getByLabel('Round, right').selectOption({ label: 'round 2 · critic' });
    const sides = pair.getByRole('article');
    await sides.nth(0).getByText('iteration 1, generator').waitFor();
    await sides.nth(1).getByText('iteration 2, critic, round 2').waitFor();
    const keys = async (): Promise<(string | null)[]> =>
      Promise.all([0, 1].map(side => sides.nth(side).locator('.box').first().textContent()));
    const first = await pair.getByLabel('Question', { exact: true }).inputValue();
    await pair.getByRole('button', { name: 'Next question with different answers' }).click();
    expect(await pair.getByLabel('Question', { exact: true }).inputValue()).not.toBe(first);
    const [one, two] = await keys();
    expect(one).not.toBe(two);
    expect(await violations()).toEqual([]);

    await page.getByRole('button', { name: /^Loss curve of generator A/ }).press('Enter');
    await page.getByRole('figure', { name: 'Loss of generator A, iteration 3' }).waitFor();
    const curve = page.getByRole('group', { name: /^Training loss .* held-out rows/ });
    await curve.getByRole('button').first().focus();
    await page.keyboard.press('ArrowRight');
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toMatch(/^Step 2: training loss/);
    const step = curve.getByRole('button', { name: /^Step 7: training loss/ });
    await step.press('Enter');
    await rows.getByRole('heading', { name: /^Iteration 3, generator A, step 7: loss [\d.]+$/ }).waitFor();
    await rows.getByRole('row').nth(1).waitFor();
    expect(await rows.getByRole('row').count()).toBe(1 + presetById('gentle').config.training.generator.batchSize);
    await curve
      .getByRole('button', { name: /of iteration 1: loss of held-out rows/ })
      .last()
      .press('Enter');
    await rows.getByRole('heading', { name: /^Iteration 1, generator A, held-out rows after step \d+: loss [\d.]+$/ }).waitFor();
    await rows.getByRole('row').nth(1).waitFor();
    expect(await rows.getByRole('row').count()).toBeLessThanOrEqual(1 + presetById('gentle').config.validationRows);
    expect(await violations()).toEqual([]);
    // What an iteration cost: question by question, training by training.
    await page.getByRole('button', { name: /spoken tokens, iteration 2$/ }).press('Enter');
    await rows.getByRole('heading', { name: /^Iteration 2: .* calls, .* spoken tokens$/ }).waitFor();
    await rows.getByRole('row').nth(400).waitFor();
    await page.getByRole('button', { name: /trained tokens, iteration 2$/ }).press('Enter');
    await rows.getByRole('heading', { name: /^Iteration 2: 6 trainings, .* trained tokens$/ }).waitFor();
    expect(await rows.getByRole('row').count()).toBe(7);
    expect(await violations()).toEqual([]);
    await chart.getByRole('button', { name: /^Iteration 1, debate/ }).press('Enter');
    await rows.waitFor();
    await page.getByRole('button', { name: /^All/ }).click();
    const question = page
      .getByRole('region', { name: /question/ })
      .getByRole('row')
      .nth(1)
      .getByRole('link')
      .first();
    await question.waitFor();
    expect(await violations()).toEqual([]);
    const text = (await question.textContent())!;
    await question.click();
    await page.getByRole('article').first().waitFor();
    await shown(text);
  });

  it('runs here to its end over a reload in every stage, with nothing lost and nothing doubled; a file carries it whole', async () => {
    page = await app.open('#/loop');
    await page.getByText('trained in this page').click();
    const fill = (label: string, value: string): Promise<void> => page.getByLabel(label, { exact: true }).fill(value);
    await fill('Iterations', '1');
    await fill('Training questions', '6');
    // Enough that the last stage still goes on when the page is reloaded in it, on a quick machine too.
    await fill('Held-out questions', '8');
    await fill('Agents', '2');
    // Enough that its trainings outlast some reloads.
    await fill('Generators: updates', '100');
    await fill('Critics: passes over the rows', '2');
    await page.getByText('Further settings').click();
    await fill('Questions scored for surprise', '2');
    await page.getByText('Training settings').click();
    const ofCritics = (label: string) => page.getByRole('group', { name: 'Critics' }).getByLabel(label, { exact: true });
    await ofCritics('Rank').fill('65');
    await shown('Critics: rank: a whole number from 0 to 64 is needed.');
    expect(await page.getByRole('button', { name: 'Run this here' }).isDisabled()).toBe(true);
    await ofCritics('Rank').fill('4');
    // Both passes fit into one update, however many rows a critic gets.
    await ofCritics('Rows per update').fill('64');
    await page.getByLabel('A critic without corrected rows').selectOption('other');
    expect(await violations()).toEqual([]);
    const tasks = await watchTasks(page);
    await page.getByRole('button', { name: 'Run this here' }).click();

    const reload = async (): Promise<void> => {
      await page.reload();
      const resume = page.getByRole('button', { name: /^Resume/ }).first();
      await resume.click({ timeout: 60_000 }).catch(async (error: Error) => {
        const words = await page.evaluate(() => `${location.hash} ${document.querySelector('main')?.innerText.slice(0, 600)}`);
        throw new Error(`nothing to resume: ${words}`, { cause: error });
      });
    };
    await reached(0, 'evaluate', /[1-9]\d*\/48/);
    await tasks.note('evaluation before');
    await reload();
    await reached(1, 'debate', /[1-9]\d*\/36/);
    // Sets are made beside the page. A quick machine is at it before it is paused: then they are made anew, in another worker, or are there already.
    let makers = 0;
    page.on('worker', worker => void (makers += Number(worker.url().includes('make.worker'))));
    await tasks.note('debates');
    await page.getByRole('button', { name: 'Pause' }).click();
    // Of a training it is said before the loop's own note is on disk.
    await shown(/· paused/);
    expect(await violations()).toEqual([]);
    await tasks.forget();
    const beforeReload = makers;
    await reload();
    await reached(1, 'finetune', /[1-9]\d*\/202/);
    await tasks.note('sets');
    expect(makers).toBeGreaterThan(0);
    expect(makers - beforeReload).toBeLessThanOrEqual(1);
    expect(await violations()).toEqual([]);
    await tasks.forget();

    // Its trainings are watched again as soon as the page is there, whatever screen that is.
    const address = await page.evaluate(() => location.hash);
    await page.evaluate(() => void (location.hash = '#/learn'));
    await page.reload();
    await shown('goes on: its trainings are watched again');
    await page.getByRole('button', { name: 'Show' }).click();
    await reached(1, 'finetune');
    expect(await page.evaluate(() => location.hash)).toBe(address);
    await page.reload();
    await reached(1, 'finetune');
    // A second tab leaves it to the first, and follows.
    const second = await app.open(address);
    await second.getByRole('button', { name: 'Take over' }).waitFor();
    await second.waitForTimeout(4000);
    expect(await second.getByRole('alert').count()).toBe(0);
    expect(await second.getByRole('button', { name: 'Pause' }).count()).toBe(0);
    await second.close();
    await reached(1, 'finetune');
    // Who paused it meant it.
    await page.getByRole('button', { name: 'Pause' }).click();
    await shown(/· paused/);
    await page.reload();
    await page.getByRole('button', { name: 'Resume' }).waitFor();
    await page.waitForTimeout(4000);
    expect(await page.getByRole('button', { name: 'Pause' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Resume' }).click();
    await reached(1, 'adopt');
    await tasks.note('training');
    await reload();
    await reached(1, 'evaluate');
    await reload();
    await shown(/100 % · finished/);
    await shown('after iteration 1');
    await tasks.note('adopting and evaluation');
    // Where its trainings begin, the page is held for a third of a second on a busy machine.
    tasks.verify(700);
    expect(await page.getByText('✓ arrived as trained').count()).toBeGreaterThan(0);
    expect(await violations()).toEqual([]);

    const saving = page.waitForEvent('download');
    await page
      .getByRole('button', { name: /^Export/ })
      .first()
      .click();
    const path = join(app.dir, 'kept.loop.json.gz');
    await (await saving).saveAs(path);
    const { events, runs, sets } = JSON.parse(gunzipSync(readFileSync(path)).toString('utf8')) as LoopFile;
    const loop = foldLoopAll(events);
    expect(loop.finished).not.toBeNull();
    for (const type of ['loop-started', 'collected', 'loop-finished'] as const)
      expect([type, events.filter(event => event.type === type).length]).toEqual([type, 1]);
    const once = events.flatMap(event =>
      'agent' in event
        ? [`${event.type} ${event.agent}`]
        : event.type === 'debated'
          ? [`debated ${event.run}`]
          : event.type === 'measured'
            ? [`measured ${event.iteration}`]
            : [],
    );
    expect(once.filter((key, i) => once.indexOf(key) !== i)).toEqual([]);
    const { jobs, adopted, collected } = loop.iterations[1]!;
    expect([...jobs.values()].map(({ ended }) => ended?.outcome)).not.toContain('failed');
    expect(adopted.size).toBe([...jobs.values()].filter(({ ended }) => ended?.outcome === 'succeeded').length);
    for (const { sha256 } of collected!.sets) expect(sets).toHaveProperty(sha256);
    expect(Object.keys(runs!)).toHaveLength(3);
    for (const run of Object.values(runs!)) {
      const turns = run.flatMap(event => (event.type === 'turn' ? [event.turn.id] : []));
      expect(new Set(turns).size).toBe(turns.length);
      expect([...foldAll(run).questions.values()].every(({ turns: all, vote }) => all.size === 6 && vote !== null)).toBe(true);
    }

    // The agents can be spoken with after all that, beside the base they came from.
    const before = await talk();

    // Their weights leave from where the loop has just ended.
    const packing = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Export weights' }).click();
    const weights = join(app.dir, 'kept-weights.zip');
    await (await packing).saveAs(weights);

    // One iteration more, stopped as soon as it has begun.
    await page.getByRole('button', { name: 'One more iteration' }).click();
    await reached(2, 'debate');
    await page.getByRole('button', { name: 'Pause' }).click();
    await shown(/· paused/);

    await page.evaluate(() => void (location.hash = '#/loop'));
    await page.getByRole('button', { name: /^Delete/ }).click();
    expect(await violations()).toEqual([]);
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await shown('None yet.');
    await page.getByLabel('Loop files to import').setInputFiles(path);
    await page.getByRole('link', { name: /Own settings/ }).click();
    await shown('Unverified model output');
    await shown('after iteration 1');
    // Without its weights nobody speaks; with them they say what they said.
    expect(await page.getByRole('button', { name: /^Talk to/ }).count()).toBe(0);
    await page.getByLabel('Archive of weights to import').setInputFiles(weights);
    await shown(new RegExp(`The weights of ${adopted.size} agents were imported`));
    expect(await talk()).toEqual(before);
  });

  it('opens what the command line made: the file as it was written, and its agents speak', async () => {
    const out = join(app.dir, 'sub/path/cli');
    const config = join(app.dir, 'tiny.json');
    const steps = { steps: 3, epochs: null, batchSize: 4, warmupSteps: 1 };
    const tiny = { trainQuestions: 4, evalQuestions: 2, nllQuestions: 1, training: { generator: steps, critic: steps } };
    const debate = { seats: [{ generator: null, critic: null }], difficulty: 'easy' };
    writeFileSync(config, JSON.stringify({ ...tiny, debate, iterations: 1, datasets: { criticOnEmpty: 'other' } }));
    const command = ['--import', 'tsx', 'src/cli/main.ts', 'loop', '--config', config, '--out', out];
    await promisify(execFile)(process.execPath, command, { cwd: root });

    page = await app.open('#run=cli%2Fall.loop.json.gz');
    await shown('unchanged since it was written');
    await page.getByRole('button', { name: 'Keep here' }).click();
    await page.getByRole('button', { name: 'Show' }).click();
    await shown('Its weights are not in the file');
    await page.getByLabel('Archive of weights to import').setInputFiles(join(out, 'weights.zip'));
    await shown('The weights of 2 agents were imported');
    const [base, tuned] = await talk();
    expect([base, tuned].every(text => text!.length > 0)).toBe(true);
    // What the trainer of the command line recorded is what this page finds.
    await page.getByText('✓ arrived as trained').first().click();
    await page.getByRole('button', { name: 'Check again, row by row' }).first().click();
    await shown('They arrived as they were trained');
    expect(await violations()).toEqual([]);
  });
});
