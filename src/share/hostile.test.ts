// Runs from strangers: whatever is done to a link or a file, it opens as a clean run or as one clear error, and soon.
import { expect, test } from 'vitest';
import { fixtureRun } from '../../test/fixtures/run';
import { seededRandom } from '../tasks/arithmetic/random';
import { runEventSchema } from '../debate/schema';
import * as v from 'valibot';
import { compress, inflate, fromBase64Url, toBase64Url } from './bytes';
import { ShareError } from './errors';
import { encodeRunFile } from './file';
import { encodeLink } from './link';
import { mutateBytes, mutateJson, mutateText, script } from './mutations.fixture';
import { openForeign } from './open';

const { events } = fixtureRun();
const utf8 = (text: string) => new TextEncoder().encode(text);

/** How it ended; fails the test for anything but a ShareError or a run whose every event passes the schema unchanged. */
async function verdict(source: string | Uint8Array<ArrayBuffer>): Promise<string> {
  const began = performance.now();
  let said: string;
  try {
    const { file, state } = await openForeign(source);
    expect(state.start?.questions.length).toBeGreaterThan(0);
    for (const event of file.events) expect(v.parse(runEventSchema, event)).toEqual(event);
    said = 'opened';
  } catch (error) {
    if (!(error instanceof ShareError)) throw error;
    // The catch-all of the door may not be needed: it would mean a check of ours is missing.
    expect(
      error.cause instanceof TypeError || error.cause instanceof RangeError ? `${error.code}: ${String(error.cause)}` : '',
    ).not.toMatch(/^invalid/);
    expect(error.message.length).toBeLessThan(1000);
    expect(error.hint).not.toBe('');
    said = error.code;
  }
  // A guard against a hang, with room for a busy machine; a usual case takes some milliseconds.
  expect(performance.now() - began, 'bounded').toBeLessThan(60_000);
  return said;
}

test('1600 mutated links and files give clear errors or clean runs', { timeout: 300_000 }, async () => {
  const random = seededRandom('hostile 1');
  const qid = 'arithmetic:7+3*8+2-4*5';
  const { fragment } = await encodeLink(events, qid);
  const wire = new TextDecoder().decode(await inflate(fromBase64Url(fragment!.slice(3)), 'deflate-raw', 1e6));
  const deflated = fromBase64Url(fragment!.slice(3));
  const json = await (await encodeRunFile(events)).text();
  const gzipped = new Uint8Array(await (await encodeRunFile(events, true)).arrayBuffer());
  const asLink = async (text: string) => `#r1.${toBase64Url(await compress(utf8(text), 'deflate-raw'))}`;

  const kinds: [string, number, () => Promise<string | Uint8Array<ArrayBuffer>> | string | Uint8Array<ArrayBuffer>][] = [
    ['link text', 250, () => mutateText(fragment!, random)],
    ['link bytes', 200, () => `r1.${toBase64Url(mutateBytes(deflated, random))}`],
    ['link fields', 400, () => asLink(mutateJson(wire, random))],
    ['file text', 150, () => mutateText(json, random)],
    ['file bytes', 100, () => mutateBytes(utf8(json), random)],
    ['gzip bytes', 100, () => mutateBytes(gzipped, random)],
    ['file fields', 400, () => mutateJson(json, random)],
  ];
  const tally: Record<string, number> = {};
  let total = 0;
  for (const [kind, times, make] of kinds) {
    for (let i = 0; i < times; i++, total++) {
      const said = `${kind}: ${await verdict(await make())}`;
      tally[said] = (tally[said] ?? 0) + 1;
    }
  }
  expect(total).toBe(1600);
  // The mutations reach every check: were one kind always stopped at the first, these would be missing.
  for (const reached of [
    'link text: damaged',
    'link fields: invalid',
    'link fields: hostile',
    'link fields: contradiction',
    'link fields: opened',
  ]) {
    expect(Object.keys(tally)).toContain(reached);
  }
  for (const reached of [
    'gzip bytes: damaged',
    'file fields: invalid',
    'file fields: hostile',
    'file fields: contradiction',
    'file fields: opened',
  ]) {
    expect(Object.keys(tally)).toContain(reached);
  }
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});

test('a million elements, deep nests and bombs end soon', { timeout: 300_000 }, async () => {
  const million = `[${'0,'.repeat(999_999)}0]`;
  const wide = `{"polylogue":"run","schema":1,"events":${million}}`;
  const objects = `{"polylogue":"run","schema":1,"events":[${'{},'.repeat(999_999)}{}]}`;
  const ends = JSON.stringify({ polylogue: 'run', schema: 1, events }).replace(/"ends":\[[^\]]*\]/, `"ends":${million}`);
  const deep = `{"polylogue":"run","schema":1,"events":${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}}`;
  const keys = `{"polylogue":"run","schema":1,${Array.from({ length: 200_000 }, (_, i) => `"k${i}":0`).join()},"events":[]}`;
  const bomb = await compress(new Uint8Array(100_000_000), 'gzip');
  const twice = await compress(bomb, 'gzip');
  for (const [source, code] of [
    [wide, 'too-large'],
    [objects, 'too-large'],
    [ends, 'invalid'],
    [deep, 'hostile'],
    [keys, 'invalid'],
    [bomb, 'too-large'],
    [twice, 'not-a-run'],
  ] as const) {
    expect(await verdict(source)).toBe(code);
  }
});

test('text that looks like a page stays text', async () => {
  const said = events.map(event =>
    event.type === 'turn' ? { ...event, turn: { ...event.turn, text: script, answer: null, ends: [], logprobs: [] } } : event,
  );
  const { file } = await openForeign(JSON.stringify({ polylogue: 'run', schema: 1, events: said }));
  expect(file.events.filter(event => event.type === 'turn').every(({ turn }) => turn.text === script)).toBe(true);
});
