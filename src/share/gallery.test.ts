// Lists of runs from strangers: a clean list or one clear error, whatever was done to it.
import { expect, test } from 'vitest';
import { seededRandom } from '../tasks/arithmetic/random';
import { ShareError } from './errors';
import { galleryLimits, openGallery } from './gallery';
import { mutateBytes, mutateJson, mutateText, script } from './mutations.fixture';

const base = new URL('https://course.example/week-3/runs.json');
const list = {
  polylogue: 'index',
  schema: 1,
  title: 'Week 3',
  about: 'Debates of the lecture.',
  runs: [
    { title: 'One debate', url: 'one.run.json.gz', bytes: 2048, about: 'A flip in round 2.' },
    { title: 'On another host', url: 'https://elsewhere.example/two.run.json' },
  ],
};
const bytes = (value: unknown) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
const codeOf = (value: unknown): string => {
  try {
    openGallery(bytes(value), base);
    return 'opened';
  } catch (error) {
    if (!(error instanceof ShareError)) throw error;
    expect(error.hint).not.toBe('');
    return error.code;
  }
};

test('a list opens with absolute addresses, and what it does not know is dropped', () => {
  const { title, runs } = openGallery(bytes({ ...list, extra: 1 }), base);
  expect(title).toBe('Week 3');
  expect(runs.map(({ url, bytes: size, title: name, about }) => [name, about, url.href, size])).toEqual([
    ['One debate', 'A flip in round 2.', 'https://course.example/week-3/one.run.json.gz', 2048],
    ['On another host', '', 'https://elsewhere.example/two.run.json', null],
  ]);
});

test('what is no list, newer, too long or dangerous is refused in words', () => {
  const [run] = list.runs;
  for (const [value, code] of [
    [{ polylogue: 'run', schema: 1, events: [] }, 'not-a-run'],
    ['null', 'not-a-run'],
    ['<html>', 'not-a-run'],
    ['{"polylogue":"index"', 'damaged'],
    [{ ...list, schema: 2 }, 'newer'],
    [{ ...list, schema: 'x' }, 'invalid'],
    [{ ...list, runs: [{ ...run, title: '' }] }, 'invalid'],
    [{ ...list, runs: Array.from({ length: galleryLimits.runs + 1 }, () => run) }, 'too-large'],
    [' '.repeat(galleryLimits.bytes + 1), 'too-large'],
    [{ ...list, runs: [{ ...run, url: 'javascript:alert(1)' }] }, 'not-a-run'],
    [{ ...list, runs: [{ ...run, url: 'https://me:pass@course.example/x' }] }, 'not-a-run'],
    ['{"polylogue":"index","schema":1,"runs":[],"__proto__":{"polluted":true}}', 'hostile'],
    [{ ...list, title: script }, 'opened'],
  ] as const)
    expect([JSON.stringify(value).slice(0, 80), codeOf(value)]).toEqual([expect.any(String), code]);
});

test('1000 mutated lists give clear errors or clean lists', () => {
  const random = seededRandom('gallery 1');
  const json = JSON.stringify(list);
  const tally: Record<string, number> = {};
  for (let i = 0; i < 1000; i++) {
    const source =
      i % 3 === 0 ? mutateText(json, random) : i % 3 === 1 ? mutateBytes(bytes(json), random) : bytes(mutateJson(json, random));
    let said = 'opened';
    try {
      const { runs } = openGallery(typeof source === 'string' ? bytes(source) : source, base);
      for (const { url, title } of runs) expect([/^https?:$/.test(url.protocol), typeof title]).toEqual([true, 'string']);
    } catch (error) {
      if (!(error instanceof ShareError)) throw error;
      said = error.code;
    }
    tally[said] = (tally[said] ?? 0) + 1;
  }
  for (const reached of ['opened', 'damaged', 'invalid', 'hostile', 'not-a-run']) expect(Object.keys(tally)).toContain(reached);
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});
