import { resolve } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';

import { compare } from './compare';

const recorded = (name: string): string => resolve(import.meta.dirname, '../../public/runs', name);

afterEach(() => vi.restoreAllMocks());

async function printed(args: string[]): Promise<string> {
  const log = vi.spyOn(console, 'log').mockReturnValue();
  log.mockClear();
  await compare(args);
  return log.mock.calls.flat().join('\n');
}

test('a loop against another on the same questions, and several pairs taken together', async () => {
  const [gentle, collapse] = [recorded('gentle'), recorded('collapse')];
  const once = await printed([gentle, collapse]);
  expect(once).toContain('n 200 questions');
  const debate = /^debate +(\S+) \[(\S+), (\S+)\] +(\d+) +(\d+)/m.exec(once)!;
  const back = /^debate +(\S+) \[(\S+), (\S+)\] +(\d+) +(\d+)/m.exec(await printed([collapse, gentle]))!;
  expect([back[4], back[5]]).toEqual([debate[5], debate[4]]);
  expect(once).toContain('One seed');
  const two = await printed([gentle, collapse, recorded('gentle-union'), recorded('collapse-union')]);
  expect(two).toContain('n 400 questions');
  // Every seed apart, then mean, spread and interval; the mean of as many questions is that of all of them.
  const apart = /^debate +([+−][\d.]+) +([+−][\d.]+) +([+−][\d.]+) +([\d.]+) +\[/m.exec(two)!;
  expect(apart[1]).toBe(debate[1]);
  expect(apart[3]).toBe(/^debate +(\S+) \[/m.exec(two)![1]);
  expect(two).toMatch(/^strategies +[+−]\d\.\d\d/m);
  // Before any training the two are the same society.
  expect(await printed([gentle, collapse, '--iteration', '0'])).toMatch(/^debate +\+0\.0 \[\+0\.0, \+0\.0\]/m);
});

test('loops by themselves, against what they began with', async () => {
  const since = await printed(['--base', recorded('gentle')]);
  expect(since).toContain('minus  its base');
  // The table at the end of the recorded loop (README).
  expect(since).toMatch(/^debate +\+1\.5 \[−3\.5, \+6\.5\]/m);
  expect(since).toMatch(/^one generator +\+31\.3 /m);
  await expect(compare(['--base'])).rejects.toThrow('give a folder');
});

test('what cannot be compared is told', async () => {
  const twice = [recorded('gentle'), recorded('collapse')];
  await expect(compare([...twice, ...twice])).rejects.toThrow('given twice');
  await expect(compare([recorded('gentle')])).rejects.toThrow('in pairs');
  await expect(compare([recorded('gentle'), recorded('nothing')])).rejects.toThrow('no finished loop');
  await expect(compare([recorded('gentle'), recorded('collapse'), '--iteration', '9'])).rejects.toThrow('no evaluation of iteration 9');
});
