// A journey through the built app: served once for a file, a fresh browser for each test, whose errors and foreign requests fail it.
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { copyApp, launch, serveFolder, type Browser, type ServeOptions, type Site } from './harness';

export interface JourneyOptions extends ServeOptions {
  /** What a step may take before it is given up, in ms. Other work may share the machine; how fast the page is belongs to the bench. */
  patience?: number;
  /** Serves the app in another way. @returns its own address */
  serve?(dir: string): Promise<Site>;
  /** It asks other hosts on purpose, and looks itself at which. */
  abroad?: boolean;
  /** Nor may it write errors to the console. */
  silent?: boolean;
}

export class Journey {
  browser!: Browser;
  /** Paths asked of the site by this test, in order. */
  readonly asked: string[] = [];
  #built!: ReturnType<typeof copyApp>;
  #site!: Site;
  #said: string[] = [];

  constructor(private readonly options: JourneyOptions) {}

  /** What is served; the app lies under `sub/path/`. */
  get dir(): string {
    return this.#built.dir;
  }

  /** Address of the app at this route. */
  at(hash = ''): string {
    return `${this.#site.url}${this.options.serve ? '' : 'sub/path/'}${hash}`;
  }

  /** A new page at this route. */
  open(hash = ''): Promise<Page> {
    return this.browser.open(this.at(hash));
  }

  async begin(): Promise<void> {
    this.#built = copyApp();
    const { serve, handle } = this.options;
    const noted: ServeOptions['handle'] = (request, response) => {
      this.asked.push(request.url ?? '');
      return handle?.(request, response) ?? false;
    };
    this.#site = await (serve?.(this.dir) ?? serveFolder(this.dir, { ...this.options, handle: noted }));
  }

  async end(): Promise<void> {
    await this.#site?.close();
    this.#built?.remove();
  }

  /** Another browser, which has nothing of what was done so far. */
  async fresh(): Promise<void> {
    await this.browser?.close();
    this.browser = await launch();
    this.browser.context.setDefaultTimeout(this.options.patience ?? 120_000);
    this.#said = [];
    this.asked.length = 0;
    if (!this.options.silent) return;
    this.browser.context.on('console', message => {
      if (message.type() === 'error') this.#said.push(message.text());
    });
  }

  async check(): Promise<void> {
    const { errors, foreign } = this.browser;
    await this.browser.close();
    expect([errors, this.options.abroad ? [] : foreign, this.#said]).toEqual([[], [], []]);
  }
}

/** Call it once, at the top of a file. */
export function journey(options: JourneyOptions = {}): Journey {
  const app = new Journey(options);
  beforeAll(() => app.begin());
  afterAll(() => app.end());
  beforeEach(() => app.fresh());
  afterEach(() => app.check());
  return app;
}

/** Waits until the page shows the text; what is hidden does not count. What it says instead is what one needs to know. */
export async function shown(page: Page, text: string | RegExp): Promise<void> {
  const source = typeof text === 'string' ? text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&') : text.source;
  // A tab in the background draws no frames to look at.
  const seen = page.waitForFunction(pattern => new RegExp(pattern, 'm').test(document.body.innerText), source, { polling: 30 });
  await seen.catch(async (error: Error) => {
    const words = await page.evaluate(() => document.querySelector('main')?.innerText.slice(0, 1500));
    throw new Error(`${source} was not shown: ${words}`, { cause: error });
  });
}
