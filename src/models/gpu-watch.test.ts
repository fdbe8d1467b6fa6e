import { describe, expect, it } from 'vitest';
import { watchGpu } from './gpu-watch';

function device() {
  let lose = (_: GPUDeviceLostInfo): void => undefined;
  const lost = new Promise<GPUDeviceLostInfo>(resolve => (lose = resolve));
  return { lost, lose: (message = '') => lose({ message, reason: 'unknown' } as GPUDeviceLostInfo) };
}

describe('work on a graphics card', () => {
  it('is what it is while the card is there', async () => {
    const watch = watchGpu(device(), 1);
    expect(await watch.orLost(async () => 1)).toBe(1);
    await expect(watch.orLost(() => Promise.reject(new Error('no such kernel')))).rejects.toThrow('no such kernel');
  });

  it('ends when the card is lost, though the run never does', async () => {
    const card = device();
    const run = watchGpu(card).orLost(() => new Promise(() => undefined));
    card.lose('Device was destroyed.');
    await expect(run).rejects.toMatchObject({ code: 'device-lost', message: 'The graphics card was lost (Device was destroyed).' });
  });

  it('that fails a moment before the loss is told was lost with it', async () => {
    const card = device();
    const run = watchGpu(card).orLost(() => Promise.reject(new Error('failed to map a buffer')));
    setTimeout(card.lose, 5);
    await expect(run).rejects.toMatchObject({ code: 'device-lost', message: 'The graphics card was lost.' });
  });

  it('is not begun on a card that is gone', async () => {
    const card = device();
    const watch = watchGpu(card);
    card.lose();
    await card.lost;
    let begun = false;
    await expect(
      watch.orLost(async () => {
        begun = true;
      }),
    ).rejects.toMatchObject({ code: 'device-lost' });
    expect(begun).toBe(false);
  });
});
