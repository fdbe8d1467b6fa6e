import { describe, expect, test } from 'vitest';
import { fixtureRun } from '../../test/fixtures/run';
import type { RunEvent, Turn } from '../debate/events';
import { compress } from './bytes';
import { ShareError } from './errors';
import { encodeRunFile } from './file';
import { encodeLink } from './link';
import { needsConsent, openForeign, resolveRunUrl } from './open';
import { fetchBytes } from './fetchBytes';
import { fileCeiling } from './file';

const fetchRun = async (url: URL, fetch: typeof globalThis.fetch, signal?: AbortSignal) =>
  openForeign(await fetchBytes(url, fetch, fileCeiling, signal));

const { events } = fixtureRun();
const utf8 = (text: string) => new TextEncoder().encode(text);
const file = (changed: unknown = events, extra: object = {}) => JSON.stringify({ polylogue: 'run', schema: 1, ...extra, events: changed });
const bytesOf = async (blob: Blob) => new Uint8Array(await blob.arrayBuffer());
const edit = (change: (turn: Turn) => Partial<Turn>, which = 0): RunEvent[] => {
  let turns = 0;
  return events.map(event =>
    event.type === 'turn' && turns++ === which ? { ...event, turn: { ...event.turn, ...change(event.turn) } } : event,
  );
};
const codeOf = (source: string | Uint8Array<ArrayBuffer>): Promise<string> =>
  openForeign(source).then(
    opened => opened.edited,
    (error: unknown) => (error instanceof ShareError ? error.code : String(error)),
  );

describe('run files', () => {
  test('plain and gzipped give back the run and are intact', async () => {
    for (const gzip of [false, true]) {
      const opened = await openForeign(await bytesOf(await encodeRunFile(events, gzip)));
      expect(opened.file.events).toEqual(events);
      expect(opened).toMatchObject({ from: 'file', edited: 'intact', abridged: false });
    }
  });

  test('without the reasoning they keep answers and votes, say so, and are still known to be unchanged', async () => {
    const opened = await openForeign(await bytesOf(await encodeRunFile(events, true, 'answers')));
    expect(opened).toMatchObject({ edited: 'intact', abridged: true });
    const turns = (of: readonly RunEvent[]) => of.flatMap(event => (event.type === 'turn' ? [event.turn] : []));
    const [short, whole] = [turns(opened.file.events), turns(events)];
    expect(short.map(({ answer }) => answer?.key)).toEqual(whole.map(({ answer }) => answer?.key));
    expect(short.every(({ text, answer, ends }, i) => (answer ? text.length <= whole[i]!.text.length : text === '') && !ends.length)).toBe(
      true,
    );
    expect(opened.file.events.filter(({ type }) => type === 'decided')).toEqual(events.filter(({ type }) => type === 'decided'));
  });

  test('as text, and links with whatever stands before the #, come through the same door', async () => {
    expect((await openForeign(` ${file()}`)).from).toBe('file');
    const { fragment } = await encodeLink(events, 'arithmetic:7+3*8+2-4*5');
    for (const link of [fragment!, `#${fragment}`, `https://example.org/app/#${fragment}\n`])
      expect((await openForeign(link)).from).toBe('link');
  });

  test('say whether they were edited, as far as that shows', async () => {
    expect(await codeOf(file())).toBe('consistent');
    expect(await codeOf(file(events, { digest: '0'.repeat(32) }))).toBe('edited');
    // A changed solution no longer fits the prompts of those who read it.
    expect(await codeOf(file(edit(({ text }) => ({ text: `${text} ` }))))).toBe('edited');
    // A changed answer is not what the text says.
    expect(await codeOf(file(edit(({ answer }) => ({ answer: answer && { ...answer, key: '99' } }))))).toBe('edited');
    // A changed decision does not follow.
    expect(
      await codeOf(file(events.map(event => (event.type === 'decided' ? { ...event, vote: { ...event.vote, winner: '99' } } : event)))),
    ).toBe('edited');
  });

  test('unknown fields are dropped', async () => {
    const given = JSON.parse(file()) as { events: { mood?: string; config?: { secret?: string } }[] };
    given.events[0]!.mood = 'calm';
    given.events[0]!.config!.secret = 'x';
    expect((await openForeign(JSON.stringify(given))).file.events).toEqual(events);
  });
});

describe('what cannot be a run is told by its code', () => {
  const cases: [string, string | Uint8Array<ArrayBuffer>, string][] = [
    ['nothing', '', 'not-a-run'],
    ['another JSON file', '{"name":"x"}', 'not-a-run'],
    ['a later file', file().replace('"schema":1', '"schema":2'), 'newer'],
    ['a file without schema', file().replace('"schema":1,', ''), 'invalid'],
    ['half a file', file().slice(0, 2000), 'damaged'],
    ['an image', new Uint8Array([0x89, 0x50, 0x4e, 0x47]), 'not-a-run'],
    ['no events', file('none'), 'invalid'],
    ['no start', file(events.slice(1)), 'invalid'],
    ['two starts', file([events[0], ...events]), 'contradiction'],
    ['an event of no kind', file([...events, { type: 'sang' }]), 'invalid'],
    ['a prototype key', file().replace('"title"', '"__proto__"'), 'hostile'],
    ['a constructor key', file().replace('"app"', '"constructor"'), 'hostile'],
    ['nesting', `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`, 'hostile'],
    ['a turn of nobody', file(edit(() => ({ agent: 9, id: 'arithmetic:7+3*8+2-4*5/1.9.generator' }))), 'contradiction'],
    ['a turn under another name', file(edit(() => ({ id: 'x/1.0.generator' }))), 'contradiction'],
    ['a turn about no question', file(edit(() => ({ qid: 'x', id: 'x/1.0.generator' }))), 'contradiction'],
    ['a doubled turn', file([...events, events[1]]), 'contradiction'],
    ['a quote of what nobody said', file(edit(({ prompt }) => ({ prompt: { ...prompt, own: ['x/1.7.generator'] } }))), 'contradiction'],
    [
      'a quote of what comes later',
      file(edit(({ prompt, qid }) => ({ prompt: { ...prompt, peers: [`${qid}/2.0.critic`] } }))),
      'contradiction',
    ],
    ['an answer outside its text', file(edit(() => ({ answer: { key: '1', start: 0, end: 9999 } }))), 'contradiction'],
    ['tokens outside the text', file(edit(() => ({ ends: [1, 99_999], logprobs: [] }))), 'contradiction'],
    ['a huge number', file().replace('"round":1', '"round":1e400'), 'invalid'],
    [
      'too many questions',
      file([{ ...(events[0] as object), questions: Array.from({ length: 2001 }, (_, i) => ({ ...questionOf(), qid: `q${i}` })) }]),
      'too-large',
    ],
    [
      'too many events',
      file(Array.from({ length: 60_001 }, () => ({ type: 'run-finished', at: '2026-11-21T06:30:00.000Z' }))),
      'too-large',
    ],
  ];
  function questionOf() {
    const [start] = events;
    return start?.type === 'run-started' ? start.questions[0]! : null;
  }
  test.each(cases)('%s', async (_, source, code) => {
    expect(await codeOf(source)).toBe(code);
  });

  test('bombs stop at the ceiling', async () => {
    const zeros = new Uint8Array(80_000_000);
    expect(await codeOf(await compress(zeros, 'gzip'))).toBe('too-large');
    const { toBase64Url } = await import('./bytes');
    expect(await codeOf(`r1.${toBase64Url(await compress(zeros.subarray(0, 8_000_000), 'deflate-raw'))}`)).toBe('too-large');
  });
});

describe('run files elsewhere', () => {
  const origin = 'https://me.example';

  test('need consent unless they are ours', () => {
    expect(needsConsent('runs/a.run.json', origin)).toBe(false);
    expect(needsConsent('https://me.example/x/a.run.json', origin)).toBe(false);
    expect(needsConsent('https://me.example:8443/a', origin)).toBe(true);
    expect(needsConsent('http://me.example/a', origin)).toBe(true);
    expect(needsConsent('//other.example/a', origin)).toBe(true);
  });

  test('are web addresses without credentials', () => {
    for (const url of ['javascript:alert(1)', 'data:application/json,{}', 'file:///etc/passwd', 'https://a:b@c.example/', 'http://']) {
      expect(() => needsConsent(url, origin)).toThrow(ShareError);
    }
  });

  const answer = (body: BodyInit | null, init?: ResponseInit) => () => Promise.resolve(new Response(body, init));

  test('are fetched without cookies or referrer, and checked like any other', async () => {
    const seen: RequestInit[] = [];
    const opened = await fetchRun(resolveRunUrl('a.run.json', origin), (_, init) => {
      seen.push(init ?? {});
      return answer(utf8(file()))();
    });
    expect(opened.edited).toBe('consistent');
    expect(seen).toMatchObject([{ credentials: 'omit', referrerPolicy: 'no-referrer' }]);
  });

  test('that fail say why', async () => {
    const url = resolveRunUrl('https://other.example/a.run.json', origin);
    await expect(fetchRun(url, answer('', { status: 404 }))).rejects.toMatchObject({
      code: 'network',
      message: 'other.example answered 404.',
    });
    await expect(fetchRun(url, () => Promise.reject(new TypeError('Failed to fetch')))).rejects.toMatchObject({ code: 'network' });
    await expect(fetchRun(url, answer('<html>'))).rejects.toMatchObject({ code: 'not-a-run' });
    const broken = new ReadableStream({ pull: controller => controller.error(new TypeError('reset')) });
    await expect(fetchRun(url, answer(broken))).rejects.toMatchObject({ code: 'network' });
    const endless = new ReadableStream({ pull: controller => controller.enqueue(new Uint8Array(8_000_000)) });
    await expect(fetchRun(url, answer(endless))).rejects.toMatchObject({ code: 'too-large' });
    const moved = Object.defineProperty(new Response(file()), 'url', { value: 'https://third.example/a' });
    await expect(fetchRun(url, () => Promise.resolve(moved))).rejects.toMatchObject({ code: 'consent' });
  });

  test('can be given up', async () => {
    const stop = new AbortController();
    stop.abort(new DOMException('enough', 'AbortError'));
    await expect(fetchRun(resolveRunUrl('a', origin), () => Promise.reject(new Error('aborted')), stop.signal)).rejects.toMatchObject({
      name: 'AbortError',
    });
  });
});
