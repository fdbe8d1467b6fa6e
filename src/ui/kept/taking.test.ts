import { describe, expect, it } from 'vitest';
import { StoreError } from '../../store/errors';
import { Taking } from './taking.svelte';

describe('going on with what is kept', () => {
  it('asks before it takes anything from another tab', async () => {
    const done: [string, boolean][] = [];
    const taking = new Taking<string>(async (item, steal) => {
      done.push([item, steal]);
      if (!steal) throw new StoreError('busy', 'Another tab is writing to this loop.');
    });
    await taking.go('loop');
    expect([done, taking.asked]).toEqual([[['loop', false]], 'loop']);
    taking.leave();
    await taking.take();
    expect(done).toHaveLength(1);
    await taking.go('loop');
    const took = taking.take();
    // The question is gone before the answer has its effect.
    expect(taking.asked).toBeNull();
    await took;
    expect(done.at(-1)).toEqual(['loop', true]);
  });

  it('goes on where nobody else does, and hides no other trouble', async () => {
    const taking = new Taking<string>(async item => {
      if (item === 'gone') throw new StoreError('missing', 'There is no such loop.');
    });
    await taking.go('here');
    expect(taking.asked).toBeNull();
    await expect(taking.go('gone')).rejects.toThrow('There is no such loop.');
    expect(taking.asked).toBeNull();
  });
});
