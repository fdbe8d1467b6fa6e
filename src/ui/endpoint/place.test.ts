import { expect, test } from 'vitest';
import { pageOrigin } from '../../finetune/endpoint-address';
import { jobOrigin, labelOf, problemOf, unaskedWords, type Place } from './place';

const page = { origin: 'https://page.test', protocol: 'https:', hostname: 'page.test', secure: true, narrowed: false };
const at = (change: Partial<Place>): Place => ({ kind: 'url', url: '', server: undefined, ...change });
const server = { url: '/v1', token: 'token' };

test.each([
  [at({ kind: 'page', url: 'https://typed.test' }), { kind: 'page', origin: '' }, pageOrigin],
  [at({ kind: 'server', server }), { kind: 'server', origin: '' }, 'https://page.test'],
  [at({ kind: 'server' }), { kind: 'server', origin: '' }, null],
  [at({ url: ' https://typed.test/v1 ' }), { kind: 'url', origin: 'https://typed.test' }, 'https://typed.test'],
  [at({ url: 'typed' }), { kind: 'url', origin: '' }, null],
  [at({ kind: 'export', url: 'https://typed.test' }), null, null],
])('what a loop tells of %j, and where its jobs are remembered', (place, label, origin) => {
  expect([labelOf(place), jobOrigin(place, 'https://page.test/app/')]).toEqual([label, origin]);
});

test('only a place that can be asked has no problem; one that was not asked yet has none so far', () => {
  expect(problemOf(at({ kind: 'server' }), page)).toBe('');
  expect(problemOf(at({ kind: 'server', server: null }), page)).toMatch(/does not train/);
  expect(problemOf(at({ url: ' ' }), page)).toMatch(/missing/);
  expect(problemOf(at({ url: 'typed' }), page)).toMatch(/not an address.*https/);
  expect(problemOf(at({ url: 'https://typed.test' }), page)).toBe('');
  for (const kind of ['page', 'export'] as const) expect(problemOf(at({ kind, url: 'typed' }), page)).toBe('');
});

test('jobs are watched without a word only where nothing about the place, its key or the rows is open', () => {
  const typed = 'https://typed.test';
  const words = (change: Partial<Parameters<typeof unaskedWords>[0]>, has = { key: true, consent: () => true }): string =>
    unaskedWords({ kind: 'url', ordered: typed, chosen: typed, page: page.origin, ...change }, has);
  expect(words({})).toBe('');
  expect(words({ ordered: null })).toMatch(/not known/);
  expect(words({ ordered: pageOrigin })).toMatch(/ordered in this page; another/);
  expect(words({ chosen: null })).toMatch(/at https:\/\/typed\.test; another/);
  expect(words({}, { key: false, consent: () => true })).toMatch(/key of https:\/\/typed\.test/);
  expect(words({}, { key: true, consent: () => false })).toMatch(/not been released to https:\/\/typed\.test/);
  expect(words({ kind: 'page' }, { key: false, consent: () => false })).toBe('');
  expect(words({ kind: 'server' }, { key: false, consent: () => true })).toBe('');
});
