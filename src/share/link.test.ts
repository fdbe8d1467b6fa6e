import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fixtureRun, randomScript, story } from '../../test/fixtures/run';
import type { RunEvent, RunFile, Turn } from '../debate/events';
import { answer } from '../tasks/arithmetic/problem';
import { inflate, fromBase64Url } from './bytes';
import { answerOnly, toWire1 } from './encodeLink';
import { ShareError } from './errors';
import { packEnds, unpackEnds } from './lengths';
import { encodeLink, fullLink, openLink } from './link';
import { publicRun } from './publicRun';
import { measureLink } from './size';

const start = (file: RunFile) => file.events[0] as Extract<RunEvent, { type: 'run-started' }>;
const qidOf = (file: RunFile): string => start(file).questions[0]!.qid;

/** What `r1` promises to keep: all but the probabilities, the notes and the run's name. */
const kept = (events: readonly RunEvent[]): unknown[] =>
  events
    .filter(({ type }) => type !== 'note')
    .map(event => {
      if (event.type === 'run-started') return { ...event, run: '' };
      if (event.type !== 'turn') return event;
      return { ...event, turn: { ...event.turn, logprobs: [], usage: { ...event.turn.usage, ms: Math.round(event.turn.usage.ms) } } };
    });

describe('a link', () => {
  test('gives back what it keeps, whatever the society', async () => {
    const society = fc.record({ agents: fc.integer({ min: 1, max: 6 }), rounds: fc.integer({ min: 1, max: 4 }), seed: fc.nat() });
    await fc.assert(
      fc.asyncProperty(
        society,
        fc.string({ unit: 'binary' }),
        fc.string({ unit: 'grapheme' }),
        async ({ agents, rounds, seed }, said, title) => {
          const file = fixtureRun(story.problem, randomScript(agents, rounds, answer(story.problem), seed));
          const events = file.events.map((event): RunEvent => {
            if (event.type === 'run-started') return { ...event, title, config: { ...event.config, seed } };
            if (event.type !== 'turn') return event;
            const turn: Turn = { ...event.turn, draw: { ...event.turn.draw, seed } };
            // Any text at all, in one seat: the answer it had is then nowhere, and its prompts hash to something else.
            if (turn.agent === 0 && turn.round === 1)
              return { ...event, turn: { ...turn, text: said, answer: null, ends: [], logprobs: [] } };
            return { ...event, turn };
          });
          const { fragment } = await encodeLink(events, qidOf(file));
          const opened = await openLink(fragment!);
          // Lone surrogates do not survive UTF-8; they become U+FFFD, as everywhere on the web.
          const wellFormed = (value: unknown): unknown =>
            JSON.parse(JSON.stringify(value).replace(/\\u[dD][89a-fA-F][0-9a-fA-F]{2}/g, '\uFFFD'));
          expect(kept(opened.file.events)).toEqual(wellFormed(kept(events)));
        },
      ),
      { numRuns: 20 },
    );
  });

  test('holds one question of a larger run, with its failures and adapters', async () => {
    const a = fixtureRun();
    const b = fixtureRun([1, 2, 3, 4, 5, 6], randomScript(3, 2, -19, 3));
    const failed: RunEvent = {
      type: 'turn-failed',
      id: `${qidOf(b)}/2.1.critic`,
      qid: qidOf(b),
      round: 2,
      agent: 1,
      role: 'critic',
      error: { code: 'out-of-memory', message: 'no room', hint: 'fewer rows' },
    };
    const bEvents = b.events.slice(1).flatMap((event): RunEvent[] => {
      if (event.type !== 'turn') return [event];
      if (event.turn.id === failed.id) return [failed];
      return [{ ...event, turn: { ...event.turn, adapter: event.turn.role === 'critic' ? 'critic-7' : null } }];
    });
    const both: RunEvent[] = [
      { ...start(a), questions: [...start(a).questions, ...start(b).questions] },
      ...a.events.slice(1, -1),
      { type: 'note', at: '2026-11-21T06:31:00.000Z', note: 'paused', text: 'lunch' },
      ...bEvents,
    ];
    const { fragment } = await encodeLink(both, qidOf(b));
    const { file, state } = await openLink(fragment!);
    expect([...state.questions.keys()]).toEqual([qidOf(b)]);
    const turns = bEvents.filter(event => event.type === 'turn');
    expect(kept(file.events).filter(event => (event as RunEvent).type === 'turn')).toEqual(kept(turns));
    expect(file.events).toContainEqual(failed);
    expect(state.finished).toBe('2026-11-21T06:30:05.000Z');
  });

  test('is the same run each time it is opened, and agrees with itself', async () => {
    const file = fixtureRun();
    const { fragment } = await encodeLink(file.events, qidOf(file));
    const [one, two] = [await openLink(fragment!), await openLink(fragment!)];
    expect(one.file).toEqual(two.file);
    expect(one.state.start?.run).toMatch(/^link-[0-9a-f]{16}$/);
    expect(one.integrity).toEqual({ turns: 9, prompts: 0, answers: 0, votes: 0 });
    expect(one).toMatchObject({ from: 'link', edited: 'consistent', abridged: false, digest: two.digest });
  });

  test('fits where people paste it, and the levers make it shorter', async () => {
    const file = fixtureRun();
    const full = await encodeLink(file.events, qidOf(file));
    const bare = await encodeLink(file.events, qidOf(file), { text: 'full', tokens: false });
    const answers = await encodeLink(file.events, qidOf(file), { text: 'answers', tokens: false });
    expect(full.size).toMatchObject({ fit: 'everywhere' });
    expect(bare.size.characters).toBeLessThan(full.size.characters);
    expect(answers.size.characters).toBeLessThan(bare.size.characters);
    expect(full.fragment).toMatch(/^r1\.[A-Za-z0-9_-]+$/);
    expect((await encodeLink(file.events, qidOf(file), fullLink, 'https://example.org/')).size.characters).toBe(full.size.characters + 20);
  });

  test('says so when only answers were kept', async () => {
    const file = fixtureRun();
    const { fragment } = await encodeLink(file.events, qidOf(file), { text: 'answers', tokens: false });
    const { abridged, edited, state } = await openLink(fragment!);
    expect({ abridged, edited }).toEqual({ abridged: true, edited: 'unknown' });
    const turns = [...state.questions.get(qidOf(file))!.turns.values()];
    for (const { text, answer } of turns) {
      if (answer) expect(text.slice(answer.start, answer.end)).toBe(answer.key);
      else expect(text).toBe('');
    }
    expect(turns.filter(({ answer }) => answer)).not.toHaveLength(0);
  });

  test('that is too long is refused, not cut', async () => {
    const file = fixtureRun();
    let noise = '';
    for (let i = 0, x = 1; i < 60_000; i++) noise += String.fromCharCode(33 + ((x = (x * 48271) % 2147483647) % 90));
    const events = file.events.map(event =>
      event.type === 'turn' && event.turn.agent === 0
        ? { ...event, turn: { ...event.turn, text: noise, answer: null, ends: [], logprobs: [] } }
        : event,
    );
    const { fragment, size } = await encodeLink(events, qidOf(file));
    expect(fragment).toBeNull();
    expect(size.fit).toBe('refused');
    expect(size.message).toContain('share the file');
  });

  test('of a question that the run does not hold is a mistake of the caller', async () => {
    await expect(encodeLink(fixtureRun().events, 'nobody')).rejects.toThrow(RangeError);
  });
});

describe('the wire format r1', () => {
  const one = fixtureRun(story.problem, [[13], [33]]);
  /** A link of the first release. Never replace it; add one per release. */
  const released =
    'r1.nZRNbxoxEIb_ivUew0D9sSzgCPWWW6RKrVSpWw4GG7C68RLbS4gQ_70ykKaJ2h5qrTSa3R3PM-N3fESGxtetycwnNhmom-lADqub8UcQDDQkl_VQiKEUX3itFdecjzjn30DYQWPXtc9tt-kdW_tD7qMDYQV9RHImJ-jmiI0LLprcRejQty1hFX32q4t3WhCScxZanAiuRG6hsRaHSS8d_18LwnPZZqckCBYaq10PQiwvf4EGaMHP60R4LLk9NEz0efvgsl_p3_oBwo83H0FI0HB704Jw-HsXS4OFumKkbII10YLOdSqpZuO64lOO0zlBg2Xv2-zDh9S1-wL54ke398lhcU7bNJwEccJd7B5Y3joW_WabNatuxnPJicmh5POhmBJTN9O5rIjJaiim85rYZFDPhRqxzx37_n3ZHZw9CnUCNWfKekYTsSBOklM1IyUFNZyaRXn4glBVtZDivK5GvPevVslxMSBeAhtOkgThU9snll18SJpNBnI-eyWcDWQ1V2rE7n3o07UUzZQqtai3xOpCrBRowmkiC_GMUzUlOaupKdCvyC_E7zjr93W8IV5cTshO61osVTmJfVHIo7f_0kjs-mChJWHV9aFMwLFAntXdh52JqWidX7RHePIhuCLKUghas3Tti2N9Wploy--XscneQa9Nmxwh9q2Dxn2XMtt32SX25MMtMyx7VyRoo3kKbPl8kUYfWJmxEbvrIsvR-ODDRjPBujUT1_jgnHX2tmxg2WPvUvZdSMxEx2zsdjtnR0Wi6z9eCePLlXD6CQ';

  test('stays as it is', async () => {
    // From the released link, so that new wording of solutions or rules does not touch this.
    const { file } = await openLink(released);
    expect(JSON.stringify(toWire1(publicRun(file.events), qidOf(file), fullLink))).toMatchInlineSnapshot(
      `"{"t":"What is 7+3*8+2-4*5?","a":"2026-11-21T06:30:00.000Z","p":"polylogue fixture","c":{"seats":[{"generator":null,"critic":null}],"seed":1},"e":{"h":"f1x7u2e0f1x7u2e0f1x7u2e0f1x7u2e0f1x7u2e0f1x7u2e0f1x7u2e0f1x7u2e0","y":"fp32","d":"cpu","r":"fixture","n":1000000},"q":{"i":"arithmetic:7+3*8+2-4*5","k":"arithmetic","s":"eval","x":"What is 7+3*8+2-4*5?","t":"13","d":"standard","h":"3239564080"},"k":["builtin/solve","builtin/revise"],"s":[[0,1,0,"From the right: 4*5=20, 2-20=-18, 3*8=24, 24-18=6, 7+6=13. So \\\\boxed{13}",["13",69,71],0,20,49,321,[0,[],[],0],"4461211111121111111121111112111111121111113251111",0,0],[0,2,1,"Plus terms: 7+2=9, 3*8=24, 9+24=33. Minus 4*5=20: 33-20=33. So \\\\boxed{33}",["33",70,72],0,90,48,296,[1,[0],[],0],"461211111211111121111111621111112111111113251111",0,0]],"h":"d8661b3e","v":{"qid":"arithmetic:7+3*8+2-4*5","round":2,"counts":{"33":1},"unparsed":0,"n":1,"winner":"33","label":"33","discarded":null,"tie":false,"rule":"Most votes win; a tie is drawn by the run seed. For training: 1 of 1 votes needed; tied questions are dropped."},"f":"2026-11-21T06:30:05.000Z"}"`,
    );
  });

  test('made today opens for ever', async () => {
    const { state } = await openLink(released);
    const turns = [...state.questions.values()].flatMap(({ turns }) => [...turns.values()]);
    expect(turns.map(({ id, answer }) => [id, answer?.key])).toMatchInlineSnapshot(`
      [
        [
          "arithmetic:7+3*8+2-4*5/1.0.generator",
          "13",
        ],
        [
          "arithmetic:7+3*8+2-4*5/2.0.critic",
          "33",
        ],
      ]
    `);
  });

  test('inflates to plain JSON', async () => {
    const { fragment } = await encodeLink(one.events, qidOf(one));
    const bytes = await inflate(fromBase64Url(fragment!.slice(3)), 'deflate-raw', 10_000);
    expect(JSON.parse(new TextDecoder().decode(bytes))).toEqual(toWire1(publicRun(one.events), qidOf(one), fullLink));
  });

  test('a later tag is told apart from no link at all', async () => {
    await expect(openLink('r2.abc')).rejects.toMatchObject({ code: 'newer' });
    await expect(openLink('constructor1.abc')).rejects.toMatchObject({ code: 'not-a-run' });
    await expect(openLink('hello')).rejects.toBeInstanceOf(ShareError);
  });
});

test('token ends pack and unpack', () => {
  const ends = fc.array(fc.nat({ max: 61 })).map(lengths =>
    lengths.map(
      (
        (sum: number) => (length: number) =>
          (sum += length)
      )(0),
    ),
  );
  fc.assert(
    fc.property(ends, given => {
      expect(unpackEnds(packEnds(given))).toEqual(given);
    }),
  );
  expect(packEnds([100])).toBe('');
  expect(packEnds([3, 2])).toBe('');
  expect(unpackEnds('1!')).toBeNull();
});

test('the sentence around an answer keeps the answer where it says', () => {
  const text = 'Multiply: 3*8=24. Add: 31. So \\boxed{13}. And more.';
  const at = text.indexOf('13}');
  const short = answerOnly({ text, answer: { key: '13', start: at, end: at + 2 } });
  expect(short).toEqual({ text: 'So \\boxed{13}.', answer: { key: '13', start: 10, end: 12 } });
});

test('limits of a link are those of the places it is pasted into', () => {
  expect([2000, 2001, 8000, 8001, 32_000, 32_001].map(n => measureLink(n).fit)).toEqual([
    'everywhere',
    'most',
    'most',
    'may-be-cut',
    'may-be-cut',
    'refused',
  ]);
});
