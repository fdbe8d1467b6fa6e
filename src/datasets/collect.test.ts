import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { configOf, debate, noisy, scripted, type Script } from '../debate/scripted.fixture';
import { rebuildPrompt } from '../debate/prompts';
import { foldAll, type RunState } from '../debate/fold';
import { hash128 } from '../tasks/hash';
import { auditLabels } from '../metrics/audit';
import { collectSets, previewSets } from './collect';
import { datasetDefaults, type DatasetConfig, type TrainingSet } from './records';
import { isIntact } from './seal';
import { selectionWords } from './selection';

const settings = (change: Partial<DatasetConfig> = {}): DatasetConfig => ({ ...datasetDefaults, ...change });
const collect = (state: RunState, change: Partial<DatasetConfig> = {}) => collectSets(state, settings(change), { iteration: 1 });
const setOf = (sets: readonly TrainingSet[], role: 'generator' | 'critic', agent: number) =>
  sets.find(({ header }) => header.role === role && header.agent === agent)!;

/** Answers by round and agent; null = unparsed. */
const answering =
  (table: (string | null)[][]): Script =>
  ({ draw }) => {
    if (draw.role === 'summariser') return 'Summary.';
    const key = table[draw.round - 1]![draw.agent];
    return key === null ? `${'ABCDE'[draw.agent]} cannot say.` : `I, ${'ABCDE'[draw.agent]}, say \\boxed{${key}}`;
  };

describe('training sets', () => {
  it('generators learn their matching first answers, critics the traces that end on the label', async () => {
    // Label 7. Agent 0 right throughout; agent 1 corrects itself; agent 2 unparsed, then still wrong.
    const { state } = await debate(
      configOf(),
      answering([
        ['7', '5', null],
        ['7', '7', '4'],
      ]),
      { count: 6 },
    );
    const sets = await collect(state, { criticOnEmpty: 'other' });
    expect(sets.map(({ header: { role, agent, size, minus, plus } }) => [role, agent, size, minus, plus])).toEqual([
      ['generator', 0, 6, 0, 0],
      ['critic', 0, 6, 0, 6],
      ['generator', 1, 0, 0, 0],
      ['critic', 1, 6, 6, 0],
      ['generator', 2, 0, 0, 0],
      ['critic', 2, 0, 0, 0],
    ]);
    expect(sets.map(({ header }) => header.skipped)).toEqual([
      null,
      null,
      'none of its first answers matches a label',
      null,
      'none of its first answers matches a label',
      'none of its last answers matches a label',
    ]);
    expect(setOf(sets, 'generator', 1).header.discarded).toEqual({ differs: 6 });
    expect(setOf(sets, 'critic', 1).header.wRealised).toBe(1);
    expect(setOf(sets, 'critic', 2).header.wRealised).toBeNull();
  });

  it('an empty side is handled and told', async () => {
    const { state } = await debate(
      configOf(),
      answering([
        ['7', '5', null],
        ['7', '7', '4'],
      ]),
      { count: 6 },
    );
    const sets = await collect(state);
    expect(setOf(sets, 'critic', 0).header).toMatchObject({
      size: 0,
      unused: 6,
      wRealised: null,
      skipped: 'no corrected trace for a share of 0.5 (0 corrected, 6 kept)',
    });
    expect(setOf(sets, 'critic', 1).header.skipped).toBe('no kept trace for a share of 0.5 (6 corrected, 0 kept)');
  });

  it('an answer that was unreadable at first and right at last is corrected; a wrong first answer is context, never a target', async () => {
    const { state } = await debate(
      configOf(),
      answering([
        ['7', '5', null],
        ['7', '7', '7'],
      ]),
      { count: 2 },
    );
    const sets = await collect(state, { w: 1 });
    const { rows, header } = setOf(sets, 'critic', 2);
    expect(header).toMatchObject({ size: 2, minus: 2, plus: 0, wRealised: 1 });
    expect(rows[0]!.messages.map(({ role, weight }) => [role, weight])).toEqual([
      ['user', undefined],
      ['assistant', 0],
      ['user', undefined],
      ['assistant', 1],
    ]);
    expect(rows[0]!.messages[1]!.content).toBe('C cannot say.');
    expect(rows[0]!.kind).toBe('corrected');
  });

  it('questions without a label give nothing and are counted by reason', async () => {
    const split = await debate(
      configOf(),
      answering([
        ['1', '2', '3'],
        ['1', '2', '3'],
      ]),
      { count: 3 },
    );
    expect((await collect(split.state)).map(({ header }) => header.discarded)).toEqual(Array(6).fill({ 'min-votes': 3 }));
    const mute = await debate(
      configOf(),
      answering([
        [null, null, null],
        [null, null, null],
      ]),
      { count: 3 },
    );
    expect((await collect(mute.state))[0]!.header.discarded).toEqual({ unparsed: 3 });
    const tied = await debate(
      configOf({ agents: 2, minVotes: 1 }),
      answering([
        ['1', '2'],
        ['1', '2'],
      ]),
      { count: 3 },
    );
    expect((await collect(tied.state))[0]!.header.discarded).toEqual({ tie: 3 });
    const half = foldAll(split.events.slice(0, 5));
    expect((await collect(half))[0]!.header.discarded).toEqual({ undecided: 3 });
  });

  it('a trace with a failed call is no trace, and an answer that failed trains nobody', async () => {
    const failing: Script = row =>
      row.draw.agent === 1 && row.draw.round === 1
        ? { code: 'too-long', message: 'too long' }
        : answering([
            ['7', '7', '7'],
            ['7', '7', '7'],
          ])(row);
    const { state } = await debate(configOf({ share: 'none' }), failing, { count: 3 });
    const sets = await collect(state, { criticSize: 'all' });
    expect(setOf(sets, 'generator', 1).header).toMatchObject({ size: 0, discarded: { failed: 3 } });
    expect(setOf(sets, 'critic', 1).header).toMatchObject({ size: 0, discarded: { failed: 3 } });
    expect(setOf(sets, 'critic', 0).header.size).toBe(3);
  });

  it('a cut-off answer is a row only if its answer was readable', async () => {
    const base = scripted(
      answering([
        ['7', '7', null],
        ['7', '7', '7'],
      ]),
    );
    const { state } = await debate(configOf(), undefined, {
      count: 2,
      generate: (rows, on, signal) =>
        base(rows, u => on(u.type === 'done' ? { ...u, output: { ...u.output, finish: 'length' as const } } : u), signal),
    });
    const sets = await collect(state, { criticSize: 'all', lossOn: 'all' });
    expect(setOf(sets, 'generator', 0).header.size).toBe(2);
    expect(setOf(sets, 'generator', 2).header.size).toBe(0);
    // Shown to the critic as it was, but without an answer or an end it is no target even when all turns are.
    expect(setOf(sets, 'critic', 2).rows[0]!.messages.map(({ weight }) => weight)).toEqual([undefined, 0, undefined, 1]);
    expect(setOf(sets, 'critic', 0).rows[0]!.messages.map(({ weight }) => weight)).toEqual([undefined, 1, undefined, 1]);
  });

  it('prompts are those of inference, byte for byte', async () => {
    for (const promptSet of ['builtin', 'default', 'paper'])
      for (const seeOwn of [true, false])
        for (const share of ['summary', 'concat', 'none'] as const) {
          const { state, calls } = await debate(configOf({ promptSet, seeOwn, share, rounds: 3 }), undefined, { count: 8 });
          const sent = new Map(calls.flat().map(row => [row.id, row.messages]));
          const sets = await collect(state, { criticSize: 'all', lossOn: 'all' });
          expect(sets.reduce((sum, { rows }) => sum + rows.length, 0)).toBeGreaterThan(0);
          for (const { rows } of sets)
            for (const row of rows) {
              const plain = row.messages.map(({ role, content }) => ({ role, content }));
              // Every target, not only the last, stands after exactly what its turn was sent.
              const spoken = row.messages.flatMap(({ role }, i) => (role === 'assistant' ? [i] : []));
              expect(spoken.length).toBe(row.from.length);
              spoken.forEach((at, k) => {
                if (row.messages[at]!.weight === 0) return;
                expect(plain.slice(0, at)).toEqual(sent.get(row.from[k]!));
                expect(plain[at]!.content).toBe(state.questions.get(row.qid)!.turns.get(row.from[k]!)!.text);
              });
            }
        }
  });

  it('a turn whose prompt cannot be rebuilt as it was sent trains nobody', async () => {
    const { events } = await debate(
      configOf(),
      answering([
        ['7', '7', '7'],
        ['7', '7', '7'],
      ]),
      { count: 2 },
    );
    const altered = foldAll(
      events.map(event =>
        event.type === 'turn' && event.turn.agent === 0 && event.turn.role === 'generator'
          ? { ...event, turn: { ...event.turn, promptHash: 'another' } }
          : event,
      ),
    );
    const [generator, , other] = await collect(altered);
    expect(generator!.header).toMatchObject({ size: 0, discarded: { prompt: 2 } });
    expect(other!.header.size).toBe(2);
  });

  it('loss on all turns trains every answer of a chat, and none that stands under another prompt', async () => {
    const script = answering([['7'], ['7'], ['7']]);
    const weights = async (promptSet: string, seeOwn: boolean) => {
      const { state } = await debate(configOf({ agents: 1, rounds: 3, promptSet, seeOwn }), script, { count: 1 });
      return (await collect(state, { lossOn: 'all', w: 0 }))[1]!.rows[0]!.messages.flatMap(m => (m.role === 'assistant' ? [m.weight] : []));
    };
    expect(await weights('default', true)).toEqual([1, 1, 1]);
    expect(await weights('paper', true)).toEqual([1, 1, 1]);
    // Shows round 2 under the bare question, which is not what round 2 was asked.
    expect(await weights('builtin', true)).toEqual([0, 1]);
    expect(await weights('default', false)).toEqual([1]);
  });

  it('any number of agents and rounds; with one round there is no critic', async () => {
    const one = await debate(configOf({ rounds: 1, agents: 4 }), undefined, { count: 10 });
    const sets = await collect(one.state);
    expect(sets.map(({ header: { role, agent } }) => `${role}${agent}`)).toEqual(
      [0, 1, 2, 3].flatMap(agent => [`generator${agent}`, `critic${agent}`]),
    );
    for (const { header } of sets.filter(({ header }) => header.role === 'critic'))
      expect(header).toMatchObject({ size: 0, skipped: 'one round only: no critic spoke', discarded: {} });
    const five = await debate(configOf({ rounds: 4, agents: 5, minVotes: 2 }), undefined, { count: 10 });
    expect(await collect(five.state)).toHaveLength(10);
    const alone = await debate(configOf({ rounds: 2, agents: 1 }), answering([['7'], ['7']]), { count: 10 });
    expect((await collect(alone.state, { selection: { by: 'cross-agent', ownShare: 0.5 } }))[0]!.header.size).toBe(10);
  });
});

describe('laws of the sets', () => {
  const society = debate(configOf({ seed: 5, minVotes: 1, tieTrain: 'random' }), noisy, { count: 60 });

  it('exact share, no row twice, everything accounted for; sealed under its own name', async () => {
    const { state } = await society;
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(1000),
        fc.constantFrom('exact', 'all' as const),
        fc.constantFrom('skip', 'other' as const),
        async (w, seed, criticSize, criticOnEmpty) => {
          const sets = await collect(state, { w, seed, criticSize, criticOnEmpty });
          expect(new Set(sets.map(({ header }) => header.sha256)).size).toBe(6);
          for (const set of sets) {
            const { header, rows } = set;
            expect(isIntact(set)).toBe(true);
            expect(new Set(rows.map(({ from }) => from.at(-1))).size).toBe(header.size);
            expect(rows.every(({ speaker }) => speaker === header.agent)).toBe(true);
            expect(header.minus + header.plus).toBe(header.role === 'critic' ? header.size : 0);
            const discarded = Object.values(header.discarded).reduce((sum, n) => sum + n, 0);
            expect(header.size + header.unused + discarded).toBe(60);
            expect(header.skipped === null).toBe(header.size > 0);
            if (header.role === 'critic' && header.size && criticSize === 'exact' && criticOnEmpty === 'skip')
              expect(Math.abs(header.wRealised! - w)).toBeLessThanOrEqual(1 / header.size);
          }
          expect(previewSets(state, settings({ w, seed, criticSize, criticOnEmpty }))).toEqual(
            sets.map(({ header: { sha256: _, ...rest } }) => rest),
          );
        },
      ),
      { numRuns: 25 },
    );
  });

  it('shuffling the truth leaves every hash unchanged; only selection by truth, which says so, sees it', async () => {
    const { state } = await society;
    const truths = [...state.questions.values()].map(({ question }) => question.truth);
    const shuffled: RunState = {
      ...state,
      questions: new Map(
        [...state.questions].map(([qid, q], i) => [qid, { ...q, question: { ...q.question, truth: truths[(i + 7) % truths.length]! } }]),
      ),
    };
    const unknown: RunState = {
      ...state,
      questions: new Map([...state.questions].map(([qid, q]) => [qid, { ...q, question: { ...q.question, truth: null } }])),
    };
    for (const selection of [{ by: 'consensus' }, { by: 'cross-agent', ownShare: 0.5 }] as const) {
      const before = await collect(state, { selection });
      expect(await collect(shuffled, { selection })).toEqual(before);
      expect(await collect(unknown, { selection })).toEqual(before);
    }
    expect((await collect(unknown, { selection: { by: 'truth' } }))[0]!.header.discarded).toEqual({ 'no-truth': 60 });
  });

  it('selection by truth keeps what is right, whatever was voted', async () => {
    const right: Script = row => {
      const truth = truthOf.get(row.draw.qid)!;
      return answering([
        [truth, '99999', '99999'],
        [truth, truth, '99999'],
      ])(row);
    };
    const probe = await debate(
      configOf(),
      answering([
        ['1', '1', '1'],
        ['1', '1', '1'],
      ]),
      { count: 3 },
    );
    const truthOf = new Map([...probe.state.questions].map(([qid, { question }]) => [qid, question.truth!]));
    const { state } = await debate(configOf({ minVotes: 3 }), right, { count: 3 });
    expect((await collect(state)).every(({ header }) => header.size === 0)).toBe(true);
    const sets = await collect(state, { selection: { by: 'truth' }, criticOnEmpty: 'other' });
    expect(sets.map(({ header: { size, minus } }) => [size, minus])).toEqual([
      [3, 0],
      [3, 0],
      [0, 0],
      [3, 3],
      [0, 0],
      [0, 0],
    ]);
    expect(sets.every(({ header }) => header.selection.by === 'truth')).toBe(true);
    expect(auditLabels(state, sets).wrongRows).toMatchObject({ generator_1: { k: 0, n: 3 }, critic_2: { k: 0, n: 3 } });
  });

  it('selection by a verifier keeps what survives a check of its steps, and knows no truth', async () => {
    const steps: Record<string, string> = { A: '2*3=6, 6+1=7. So \\boxed{7}', B: '2*3=5, 5+1=6. So \\boxed{6}', C: 'So \\boxed{6}' };
    const script: Script = ({ draw }) => (draw.role === 'summariser' ? 'S.' : steps[draw.round === 2 ? 'A' : 'ABC'[draw.agent]!]!);
    const { state } = await debate(configOf(), script, { count: 3 });
    const sets = await collect(state, { selection: { by: 'verifier' }, criticOnEmpty: 'other' });
    expect(sets.map(({ header: { size, minus } }) => [size, minus])).toEqual([
      [3, 0],
      [3, 0],
      [0, 0],
      [3, 3],
      [0, 0],
      [3, 3],
    ]);
    expect(setOf(sets, 'generator', 1).header.discarded).toEqual({ refuted: 3 });
    const blind: RunState = {
      ...state,
      questions: new Map([...state.questions].map(([qid, q]) => [qid, { ...q, question: { ...q.question, truth: null } }])),
    };
    expect(await collect(blind, { selection: { by: 'verifier' }, criticOnEmpty: 'other' })).toEqual(sets);
    const other: RunState = {
      ...state,
      questions: new Map([...state.questions].map(([qid, q]) => [qid, { ...q, question: { ...q.question, text: 'Who was first?' } }])),
    };
    expect((await collect(other, { selection: { by: 'verifier' } }))[0]!.header.discarded).toEqual({ 'no-check': 3 });
  });

  it('cross-agent selection keeps the size, takes the stated share from itself, and no row twice', async () => {
    const { state } = await society;
    const own = await collect(state, { criticSize: 'all' });
    for (const ownShare of [0, 1 / 3, 0.5, 0.8, 1]) {
      const sets = await collect(state, { criticSize: 'all', selection: { by: 'cross-agent', ownShare } });
      sets.forEach(({ header, rows }, i) => {
        expect(header.size).toBe(own[i]!.header.size);
        expect(new Set(rows.map(({ from }) => from.at(-1))).size).toBe(rows.length);
        // Corrected and kept rows are mixed apart, so a critic may be off by half a row of each.
        const kinds = header.role === 'critic' ? 2 : 1;
        const mine = rows.filter(({ speaker }) => speaker === header.agent).length;
        expect(Math.abs(mine - ownShare * rows.length)).toBeLessThanOrEqual(kinds / 2);
        expect(header.ownRealised).toBe(mine / rows.length);
      });
      if (ownShare === 1) expect(sets.map(({ rows }) => rows)).toEqual(own.map(({ rows }) => rows));
    }
  });

  it('cross-agent selection fills up with own rows where the others have too few, and says what share came of it', async () => {
    // All say 7 at last; at first agent 0 does, and agent 1 on some of the questions.
    const firsts = (shared: number): Script => {
      const seen: string[] = [];
      return row => {
        const { qid } = row.draw;
        if (!seen.includes(qid)) seen.push(qid);
        return answering([
          ['7', seen.indexOf(qid) < shared ? '7' : null, null],
          ['7', '7', '7'],
        ])(row);
      };
    };
    const first = async (shared: number) => {
      const { state } = await debate(configOf(), firsts(shared), { count: 10 });
      const sets = await collect(state, { w: 0, selection: { by: 'cross-agent', ownShare: 0.5 } });
      return setOf(sets, 'generator', 0).header;
    };
    expect(await first(0)).toMatchObject({ size: 10, ownRealised: 1, unused: 0, skipped: null });
    expect(await first(4)).toMatchObject({ size: 10, ownRealised: 0.6, unused: 4, skipped: null });
    expect(await first(10)).toMatchObject({ size: 10, ownRealised: 0.5, unused: 5, skipped: null });
  });

  it('only the paper’s own way of choosing rows goes without words', () => {
    expect(selectionWords({ by: 'consensus' })).toBeNull();
    for (const by of ['truth', 'verifier'] as const) expect(selectionWords({ by })).toContain('not the paper’s');
    expect(selectionWords({ by: 'cross-agent', ownShare: 1 / 3 })).toBe('33 % own rows, the rest from others: not the paper’s');
    expect(selectionWords({ by: 'cross-agent', ownShare: 0.5 }, 0.6)).toContain('50 % own rows (60 % came of it)');
  });

  it('permuting the agents permutes the sets and changes no row', async () => {
    // Texts depend on a name that moves with the agent, and nothing else tells agents apart.
    const say =
      (names: readonly string[]): Script =>
      ({ draw }) => {
        if (draw.role === 'summariser') return 'Summary.';
        const roll = parseInt(hash128(`${names[draw.agent]} ${draw.round} ${draw.qid}`).slice(0, 6), 16) % 3;
        return `${names[draw.agent]} says \\boxed{${roll}}`;
      };
    const contents = async (names: readonly string[], selection: DatasetConfig['selection']) => {
      const { state } = await debate(configOf({ minVotes: 1, tieTrain: 'lexical' }), say(names), { count: 30 });
      const sets = await collect(state, { w: 0.4, selection });
      return new Map(sets.map(({ header, rows }) => [`${header.role} ${names[header.agent]}`, rows.map(({ hash }) => hash).sort()]));
    };
    for (const selection of [{ by: 'consensus' }, { by: 'cross-agent', ownShare: 0.5 }] as const)
      expect(await contents(['c', 'a', 'b'], selection)).toEqual(await contents(['a', 'b', 'c'], selection));
  });

  it('the same seed draws the same rows, another seed others', async () => {
    const { state } = await society;
    const hashes = async (seed: number) => (await collect(state, { seed, w: 0.5 })).map(({ header }) => header.sha256);
    expect(await hashes(3)).toEqual(await hashes(3));
    expect(await hashes(3)).not.toEqual(await hashes(4));
  });

  it('settings that make no sense are refused', async () => {
    const { state } = await society;
    await expect(collect(state, { w: 1.2 })).rejects.toThrow(RangeError);
    await expect(collect(state, { w: NaN })).rejects.toThrow(RangeError);
    await expect(collect(state, { selection: { by: 'cross-agent', ownShare: -1 } })).rejects.toThrow(RangeError);
  });

  it('every quoted prompt is verified against what was sent', async () => {
    const { state } = await society;
    for (const { rows } of await collect(state))
      for (const row of rows) {
        const question = state.questions.get(row.qid)!;
        expect(rebuildPrompt(question.turns.get(row.from.at(-1)!)!, question).verified).toBe(true);
      }
  });
});
