import { beforeAll, describe, expect, it } from 'vitest';
import { blankDisk, loopConfigOf, sit } from '../experiment/loop.fixture';
import type { LoopEvent, LoopFile } from '../experiment/records';
import { loopEventSchema } from '../experiment/schema';
import * as v from 'valibot';
import { seededRandom } from '../tasks/arithmetic/random';
import { compress } from './bytes';
import { ShareError } from './errors';
import { encodeRunFile } from './file';
import { decodeLoopFile, encodeLoopFile } from './loopFile';
import { mutateBytes, mutateJson, mutateText } from './mutations.fixture';
import { fetchShared, openSharedFile } from './openShared';

const utf8 = (text: string) => new TextEncoder().encode(text);
const text = (value: unknown) => utf8(JSON.stringify(value));

let whole: Required<LoopFile>;
beforeAll(async () => {
  const disk = blankDisk();
  await sit({ disk }, loopConfigOf({ iterations: 1 }));
  whole = {
    polylogue: 'loop',
    schema: 1,
    events: disk.events,
    runs: Object.fromEntries(disk.runs),
    sets: Object.fromEntries(disk.sets),
  };
});

const codeOf = (bytes: Uint8Array<ArrayBuffer>): Promise<string> =>
  decodeLoopFile(bytes).then(
    ({ edited }) => edited,
    (error: unknown) => (error instanceof ShareError ? error.code : String(error)),
  );
const replace = (change: (event: LoopEvent) => LoopEvent | null): LoopFile => ({
  ...whole,
  events: whole.events.flatMap(event => change(event) ?? []),
});

describe('a loop as a file', () => {
  it('comes back as it was, plain and gzipped, and says when it was edited', async () => {
    for (const gzip of [true, false]) {
      const opened = await decodeLoopFile(await encodeLoopFile(whole, gzip));
      expect(opened.file).toEqual(JSON.parse(JSON.stringify(whole)));
      expect(opened).toMatchObject({ edited: 'intact', state: { finished: expect.any(String) as string } });
      expect(opened.state.iterations).toHaveLength(2);
    }
    const bytes = JSON.parse(new TextDecoder().decode(await encodeLoopFile(whole, false))) as LoopFile;
    const titled = bytes.events.map(event => (event.type === 'loop-started' ? { ...event, title: 'Better' } : event));
    expect(await codeOf(text({ ...bytes, events: titled }))).toBe('edited');
    expect(await codeOf(text(whole))).toBe('unknown');
  });

  it('may be its events alone', async () => {
    const { file } = await decodeLoopFile(text({ polylogue: 'loop', schema: 1, events: whole.events }));
    expect([file.runs, file.sets]).toEqual([undefined, undefined]);
  });

  it('lets nothing leave that grants access', async () => {
    const secret = 'sk-canary0123456789abcdef';
    const leaky = replace(event => {
      if (event.type === 'loop-started')
        return { ...event, endpoint: { kind: 'url', origin: `https://me:${secret}@tune.example/v1?key=${secret}` } };
      if (event.type === 'job-ended') return { ...event, reason: `401 for Bearer ${secret}`, warnings: [`token ${secret} is old`] };
      return event;
    });
    const note: LoopEvent = {
      type: 'note',
      note: 'warning',
      text: `GET https://tune.example/v1?token=${secret} failed`,
      at: '2026-11-21T00:00:00.000Z',
    };
    const out = new TextDecoder().decode(await encodeLoopFile({ ...leaky, events: [...leaky.events, note] }, false));
    expect(out).not.toContain('canary');
    expect(out).toContain('https://tune.example');
  });

  it('is refused with the right word', async () => {
    const first = Object.keys(whole.runs)[0]!;
    const [hash, set] = Object.entries(whole.sets).find(([, { rows }]) => rows.length > 0)!;
    const cases: [string, Uint8Array<ArrayBuffer>, string][] = [
      ['a run', new Uint8Array(await (await encodeRunFile(whole.runs[first]!)).arrayBuffer()), 'not-a-run'],
      ['something else', text({ hello: 1 }), 'not-a-run'],
      ['a later schema', text({ ...whole, schema: 2 }), 'newer'],
      ['no schema', text({ ...whole, schema: 'x' }), 'invalid'],
      ['no events', text({ ...whole, events: null }), 'invalid'],
      ['no start', text(replace(event => (event.type === 'loop-started' ? null : event))), 'invalid'],
      ['two starts', text({ ...whole, events: [whole.events[0], ...whole.events] }), 'contradiction'],
      [
        'an iteration that was skipped',
        text(replace(event => ('iteration' in event ? { ...event, iteration: event.iteration + 1 } : event))),
        'contradiction',
      ],
      ['a debate under the name of another', text({ ...whole, runs: { other: whole.runs[first] } }), 'contradiction'],
      [
        'a debate that cannot have been',
        text({ ...whole, runs: { [first]: [...whole.runs[first]!, whole.runs[first]![1]] } }),
        'contradiction',
      ],
      ['a set whose rows were changed', text({ ...whole, sets: { [hash]: { ...set, rows: set.rows.slice(1) } } }), 'contradiction'],
      ['a set under the name of another', text({ ...whole, sets: { ['0'.repeat(64)]: set } }), 'contradiction'],
      ['sets that are a list', text({ ...whole, sets: [] }), 'invalid'],
      ['prototype keys', utf8(JSON.stringify(whole).replace('"polylogue"', '"__proto__":{"polluted":true},"polylogue"')), 'hostile'],
      ['a bomb', await compress(new Uint8Array(300_000_000), 'gzip'), 'too-large'],
      ['too many events', text({ ...whole, events: Array.from({ length: 30_000 }, () => whole.events[0]) }), 'too-large'],
      ['half a file', (await encodeLoopFile(whole)).slice(0, 500), 'damaged'],
    ];
    for (const [what, bytes, code] of cases) expect([what, await codeOf(bytes)]).toEqual([what, code]);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

it('1000 mutated loop files give clear errors or clean loops', { timeout: 300_000 }, async () => {
  const random = seededRandom('hostile loop 1');
  // One question and one agent: every kind of event, and little of each.
  const disk = blankDisk();
  await sit({ disk }, loopConfigOf({ iterations: 1, agents: 1, trainQuestions: 2, evalQuestions: 1, nllQuestions: 0 }));
  const small = {
    polylogue: 'loop',
    schema: 1,
    events: disk.events,
    runs: Object.fromEntries(disk.runs),
    sets: Object.fromEntries(disk.sets),
  };
  const json = JSON.stringify(small);
  const gzipped = await compress(utf8(json), 'gzip');
  const kinds: [string, number, () => Uint8Array<ArrayBuffer>][] = [
    ['text', 150, () => utf8(mutateText(json, random))],
    ['bytes', 150, () => mutateBytes(utf8(json), random)],
    ['gzip', 150, () => mutateBytes(gzipped, random)],
    ['fields', 550, () => utf8(mutateJson(json, random))],
  ];
  const tally = new Map<string, number>();
  for (const [kind, times, make] of kinds)
    for (let i = 0; i < times; i++) {
      let said: string;
      try {
        const { file } = await decodeLoopFile(make());
        for (const event of file.events) expect(v.parse(loopEventSchema, event)).toEqual(event);
        said = 'opened';
      } catch (error) {
        if (!(error instanceof ShareError)) throw error;
        // The catch-all of the door may not be needed: it would mean a check of ours is missing.
        const gap = error.code === 'invalid' && !(error.cause instanceof v.ValiError) ? error.cause : undefined;
        expect(gap, String(gap)).toBeUndefined();
        expect(error.message.length).toBeLessThan(1000);
        said = error.code;
      }
      tally.set(`${kind}: ${said}`, (tally.get(`${kind}: ${said}`) ?? 0) + 1);
    }
  for (const reached of ['text: damaged', 'gzip: damaged', 'fields: invalid', 'fields: hostile', 'fields: contradiction', 'fields: opened'])
    expect([...tally.keys()]).toContain(reached);
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});

describe('an address', () => {
  const site = (files: Record<string, Uint8Array<ArrayBuffer>>, asked: string[]): typeof fetch =>
    (async (url: URL) => {
      asked.push(url.pathname);
      const bytes = files[url.pathname];
      return bytes ? new Response(bytes) : new Response('', { status: 404 });
    }) as unknown as typeof fetch;
  const address = new URL('https://site.example/runs/gentle/loop.json');

  it('may lead to a loop whose debates and sets lie beside it, fetched when they are looked at', async () => {
    const [run, events] = Object.entries(whole.runs)[0]!;
    const [sha256, set] = Object.entries(whole.sets)[0]!;
    const asked: string[] = [];
    const fetch = site(
      {
        '/runs/gentle/loop.json': text({ polylogue: 'loop', schema: 1, events: whole.events }),
        [`/runs/gentle/runs/${run}.run.json.gz`]: await compress(text({ polylogue: 'run', schema: 1, events }), 'gzip'),
        [`/runs/gentle/sets/${sha256}.json.gz`]: await compress(text(set), 'gzip'),
        [`/runs/gentle/sets/${'1'.repeat(64)}.json.gz`]: await compress(text(set), 'gzip'),
      },
      asked,
    );
    const shared = await fetchShared(address, fetch);
    if (shared.kind !== 'loop') throw new Error('a loop');
    expect(asked).toEqual(['/runs/gentle/loop.json']);
    expect(await shared.parts.run(run)).toEqual(JSON.parse(JSON.stringify(events)));
    expect(await shared.parts.set(sha256)).toEqual(JSON.parse(JSON.stringify(set)));
    await expect(shared.parts.set('1'.repeat(64))).rejects.toMatchObject({ code: 'contradiction' });
    await expect(shared.parts.run('gone')).rejects.toMatchObject({ code: 'network' });
    for (const name of ['../../secret', '..', 'a/b', '%2e%2e', 'https://elsewhere.example/x', ''])
      await expect(shared.parts.run(name)).rejects.toMatchObject({ code: 'hostile' });
    expect(asked).toHaveLength(5);
  });

  it('may lead to a run, and a whole loop asks for nothing more', async () => {
    const asked: string[] = [];
    const events = Object.values(whole.runs)[0]!;
    const files = {
      '/runs/gentle/loop.json': await encodeLoopFile(whole),
      '/one.run.json': new Uint8Array(await (await encodeRunFile(events)).arrayBuffer()),
    };
    const run = await fetchShared(new URL('https://site.example/one.run.json'), site(files, asked));
    expect(run).toMatchObject({ kind: 'run', run: { edited: 'intact' } });
    const loop = await fetchShared(address, site(files, asked));
    if (loop.kind !== 'loop') throw new Error('a loop');
    for (const [id, own] of Object.entries(whole.runs)) expect(await loop.parts.run(id)).toHaveLength(own.length);
    await expect(loop.parts.run('toString')).rejects.toMatchObject({ code: 'network' });
    expect(asked).toEqual(['/one.run.json', '/runs/gentle/loop.json', '/runs/gentle/runs/toString.run.json.gz']);
    const dropped = await openSharedFile(text({ polylogue: 'loop', schema: 1, events: whole.events }));
    if (dropped.kind !== 'loop') throw new Error('a loop');
    await expect(dropped.parts.run(Object.keys(whole.runs)[0]!)).rejects.toMatchObject({ code: 'damaged' });
  });
});
