// How long a page is busy without a pause while it does what it should do in workers, or piece by piece.
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

/** Leaves room for a machine that does other work too; an idle one stays below 100. Milliseconds. */
const usual = 400;

export interface TaskWatch {
  /** What was done since the last call; the longest task of it is kept under this name. */
  note(what: string): Promise<void>;
  /** For what the journey itself did to the page since the last call, such as asking axe. */
  forget(): Promise<void>;
  /** Tells what was found. @throws when something took longer, in milliseconds */
  verify(most?: number): void;
}

/** From now on, on this page, over reloads as well. */
export async function watchTasks(page: Page): Promise<TaskWatch> {
  let seen = 0;
  await page.exposeFunction('tellTask', (ms: number) => void (seen = Math.max(seen, ms)));
  const observe = (): void =>
    new PerformanceObserver(list => {
      const { tellTask } = window as unknown as { tellTask(ms: number): Promise<void> };
      for (const { duration } of list.getEntries()) void tellTask(duration);
    }).observe({ type: 'longtask' });
  await page.addInitScript(observe);
  await page.evaluate(observe);
  const took: Record<string, number> = {};
  const sinceThen = async (): Promise<number> => {
    // The observer tells a moment later.
    await page.waitForTimeout(300);
    const ms = Math.round(seen);
    seen = 0;
    return ms;
  };
  return {
    async note(what) {
      took[what] = await sinceThen();
    },
    async forget() {
      await sinceThen();
    },
    verify(most = usual) {
      console.log('longest task, ms:', JSON.stringify(took));
      for (const [what, ms] of Object.entries(took)) expect([what, ms < most]).toEqual([what, true]);
    },
  };
}
