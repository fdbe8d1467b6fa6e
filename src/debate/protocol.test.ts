import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answersOf } from './decide';
import type { RunEvent } from './events';
import { emptyRun, engineOf, fold, foldAll, type RunState } from './fold';
import type { TurnError, TurnRequest } from './generate';
import { rebuildPrompt } from './prompts';
import { DebateHalted, runDebate } from './protocol';
import { configOf, debate, noisy, scripted, startOf, type Script } from './scripted.fixture';

const turnsOf = (state: RunState) => [...state.questions.values()].flatMap(question => [...question.turns.values()]);
const internal = (message: string): TurnError => ({ code: 'internal', message });
/** Everything a run says, without the order in which rows happened to finish. */
const content = (state: RunState) => ({
  ...state,
  questions: [...state.questions].map(([qid, q]) => ({
    qid,
    vote: q.vote,
    turns: [...q.turns].sort(([x], [y]) => (x < y ? -1 : 1)),
    failed: [...q.failed.keys()].sort(),
  })),
});

describe('the protocol', () => {
  it('9. synchronous rounds: permuting agents permutes results only', async () => {
    // Speaks by its adapter and by what it read, whatever the order it was read in.
    const byAdapter: Script = ({ adapter, messages, draw }) => {
      const read = [...messages.at(-1)!.content.matchAll(/\d+(?=\})/g)].map(match => Number(match[0])).sort((x, y) => x - y);
      if (draw.role === 'summariser') return read.map(value => `{${value}}`).join(' ');
      return `\\boxed{${Number(adapter!.slice(1)) + 3 * read.reduce((sum, value) => sum + value, 0)}}`;
    };
    const permutation = fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 });
    await fc.assert(
      fc.asyncProperty(permutation, fc.constantFrom('summary' as const, 'concat' as const), async (order, share) => {
        const config = configOf({ agents: 4, rounds: 3, share });
        const straight = await debate(config, byAdapter, { count: 2 });
        const permuted = await debate({ ...config, seats: order.map(i => config.seats[i]!) }, byAdapter, { count: 2 });
        for (const [qid, question] of straight.state.questions) {
          for (const round of [1, 2, 3]) {
            const expected = answersOf(config, question, round).map(({ key }) => key);
            const actual = answersOf(config, permuted.state.questions.get(qid)!, round).map(({ key }) => key);
            expect(actual).toEqual(order.map(i => expected[i]));
          }
          expect(permuted.state.questions.get(qid)!.vote).toEqual(question.vote);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('9. synchronous critics read the round before; sequential ones read what earlier agents just said', async () => {
    for (const order of ['sync', 'sequential'] as const) {
      const { state } = await debate(configOf({ order, share: 'concat', rounds: 3 }));
      for (const turn of turnsOf(state).filter(({ role }) => role === 'critic'))
        for (const id of turn.prompt.peers) {
          const peer = state.questions.get(turn.qid)!.turns.get(id)!;
          expect(peer.round).toBe(order === 'sequential' && peer.agent < turn.agent ? turn.round : turn.round - 1);
        }
    }
  });

  it("10. a summary's inputs never include the agent's own response", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.integer({ min: 1, max: 4 }),
        fc.option(fc.integer({ min: 1, max: 5 })),
        async (agents, rounds, maxPeers) => {
          for (const order of ['sync', 'sequential'] as const) {
            const { state, calls } = await debate(configOf({ agents, rounds, maxPeers, order }), noisy, { count: 1 });
            const summaries = turnsOf(state).filter(({ role }) => role === 'summariser');
            expect(summaries).toHaveLength(agents > 1 ? agents * (rounds - 1) : 0);
            for (const { qid, agent, prompt } of summaries) {
              const peers = prompt.peers.map(id => state.questions.get(qid)!.turns.get(id)!.agent);
              expect(peers).not.toContain(agent);
              expect(new Set(peers).size).toBe(Math.min(agents - 1, maxPeers ?? agents));
            }
            for (const row of calls.flat().filter(({ draw }) => draw.role === 'summariser'))
              expect(row.messages[0]!.content).not.toContain(`Agent ${'ABCDEF'[row.draw.agent]}:`);
          }
        },
      ),
      { numRuns: 20 },
    );
  });

  it('11. any N ≥ 1 and M ≥ 1: every agent answers in every round, and each question is decided', async () => {
    for (const share of ['summary', 'concat', 'none'] as const)
      for (const agents of [1, 2, 3, 5, 8])
        for (const rounds of [1, 2, 4]) {
          const config = configOf({ agents, rounds, share });
          const { state } = await debate(config, noisy, { count: 2 });
          for (const question of state.questions.values()) {
            expect([...question.turns.values()].filter(({ role }) => role !== 'summariser')).toHaveLength(agents * rounds);
            expect(question.vote).toMatchObject({ n: agents, round: rounds });
          }
          // N + (M−1)·2N calls with summaries, N·M without; an agent alone has nobody to summarise.
          expect(state.ledger.calls).toBe(2 * agents * (share === 'summary' && agents > 1 ? 1 + (rounds - 1) * 2 : rounds));
          expect(state.finished).not.toBeNull();
        }
  });

  it('11. an agent alone re-reads its own answer; with one round there are no critics at all', async () => {
    const alone = await debate(configOf({ agents: 1, rounds: 2 }), noisy, { count: 1 });
    const critic = turnsOf(alone.state).find(({ role }) => role === 'critic')!;
    expect(critic.prompt).toMatchObject({ peers: [], summary: null });
    expect(critic.prompt.own).toHaveLength(1);
    const plain = await debate(configOf({ rounds: 1 }), noisy, { count: 1 });
    expect(turnsOf(plain.state).every(({ role }) => role === 'generator')).toBe(true);
  });

  it('15. an unparsed answer is no vote and stays in the denominator', async () => {
    const { state } = await debate(configOf(), ({ draw }) => (draw.agent === 0 ? '\\boxed{4}' : 'no idea, perhaps \\boxed{'), { count: 1 });
    const [question] = state.questions.values();
    expect(question!.vote).toMatchObject({ counts: { 4: 1 }, unparsed: 2, n: 3, winner: '4', label: null, discarded: 'min-votes' });
  });

  it('17. a failed sample is never replaced, and is counted', async () => {
    const script: Script = row => (row.draw.agent === 1 && row.draw.round === 1 ? internal('broken') : noisy(row));
    for (const share of ['summary', 'concat'] as const) {
      const { state } = await debate(configOf({ share }), script, { count: 3 });
      expect(state.ledger.failed).toBe(3);
      for (const question of state.questions.values()) {
        expect(question.failed.size).toBe(1);
        for (const turn of question.turns.values())
          expect([...turn.prompt.peers, ...turn.prompt.own].some(id => question.failed.has(id))).toBe(false);
        expect(answersOf(configOf(), question, 1)[1]).toMatchObject({ failed: true, key: null, turn: null });
      }
    }
  });

  it('17. when everybody fails, the debate still ends, undecided, with every failure on record', async () => {
    const { state } = await debate(configOf({ rounds: 3, retries: 0 }), () => internal('broken'), { count: 1 });
    const [question] = state.questions.values();
    expect(question!.vote).toMatchObject({ counts: {}, unparsed: 3, winner: null, discarded: 'unparsed' });
    // Nobody can be summarised: 3 agents × 3 rounds.
    expect(state.ledger).toMatchObject({ calls: 9, failed: 9 });
  });

  it('18. retries are bounded and change nothing about the call', async () => {
    const calls: TurnRequest[][] = [];
    await debate(configOf({ retries: 3, rounds: 1, agents: 2 }), noisy, {
      count: 1,
      generate: scripted(row => (row.draw.agent === 1 ? internal('broken') : noisy(row)), calls),
    });
    expect(calls.map(rows => rows.length)).toEqual([2, 1, 1, 1]);
    const asked = calls.flat().filter(({ draw }) => draw.agent === 1);
    for (const row of asked) expect(row).toEqual(asked[0]);
  });

  it('18. a refused key stops the run at once, and nothing is recorded as failed', async () => {
    const events: RunEvent[] = [];
    const calls: TurnRequest[][] = [];
    const refused = debate(configOf(), noisy, {
      generate: scripted(() => ({ code: 'auth', message: 'key refused' }), calls),
      append: async event => void events.push(event),
    });
    await expect(refused).rejects.toThrow(DebateHalted);
    expect(calls).toHaveLength(1);
    expect(events.map(({ type }) => type)).toEqual(['run-started']);
  });

  it('19. every sampling option reaches each call, and its seed is recorded', async () => {
    const sampling = { temperature: 0.7, topK: 11, topP: 0.8, minP: 0.03, maxNewTokens: 77 };
    const summarySampling = { temperature: 0.2, topK: 5, topP: 0.6, minP: 0.01, maxNewTokens: 33 };
    const { calls, state } = await debate(configOf({ sampling, summarySampling, seed: 99 }));
    for (const row of calls.flat()) expect(row.sampling).toEqual(row.draw.role === 'summariser' ? summarySampling : sampling);
    const draws = turnsOf(state).map(({ draw }) => JSON.stringify(draw));
    expect(new Set(draws).size).toBe(draws.length);
    for (const turn of turnsOf(state))
      expect(turn.draw).toEqual({ seed: 99, qid: turn.qid, agent: turn.agent, role: turn.role, round: turn.round, attempt: 0 });
  });

  it('20. the summariser is the base model unless it is set to be the critic itself', async () => {
    for (const summariser of ['base', 'self'] as const) {
      const { calls } = await debate(configOf({ summariser }));
      for (const { draw, adapter } of calls.flat())
        expect(adapter).toBe(
          draw.role === 'summariser' ? (summariser === 'base' ? null : `c${draw.agent}`) : `${draw.role[0]}${draw.agent}`,
        );
    }
  });

  it('rows of many questions and all agents go into one call, never more than its width', async () => {
    const { calls } = await debate(configOf(), noisy, { count: 10, width: 32 });
    expect(calls[0]).toHaveLength(30);
    expect(Math.max(...calls.map(rows => rows.length))).toBeLessThanOrEqual(32);
    const narrow = await debate(configOf(), noisy, { count: 3, width: 2 });
    expect(Math.max(...narrow.calls.map(rows => rows.length))).toBe(2);
    const wide = await debate(configOf(), noisy, { count: 3, width: 500 });
    expect(content(narrow.state)).toEqual(content(wide.state));
  });

  it('a turn is durable before anything that reads it is asked for', async () => {
    const durable = new Set<string>();
    const generate = scripted(noisy);
    await debate(configOf({ rounds: 3 }), noisy, {
      append: async event => {
        await new Promise(resolve => setTimeout(resolve, 1));
        if (event.type === 'turn') durable.add(event.turn.id);
      },
      generate: async (rows, on, signal) => {
        for (const { draw } of rows)
          if (draw.round > 1)
            for (const agent of [0, 1, 2])
              expect(durable).toContain(`${draw.qid}/${draw.round - 1}.${agent}.${draw.round === 2 ? 'generator' : 'critic'}`);
        await generate(rows, on, signal);
      },
      count: 2,
    });
    expect(durable.size).toBe(2 * (3 + 6 + 6));
  });

  it('a write that fails stops the run and no later turn is asked for', async () => {
    let writes = 0;
    const calls: TurnRequest[][] = [];
    const full = debate(configOf(), noisy, {
      generate: scripted(noisy, calls),
      append: async () => {
        if (++writes === 5) throw new Error('disk full');
      },
    });
    await expect(full).rejects.toThrow('disk full');
    expect(calls).toHaveLength(1);
    expect(writes).toBe(5);
  });

  it('live events fold to the same run as stored ones', async () => {
    const { live, events, state } = await debate(configOf({ rounds: 3 }));
    expect(foldAll(live)).toEqual(foldAll(events));
    expect(content(foldAll(events))).toEqual(content(state));
  });

  it('resume after a cut at any event: same end, nothing doubled', async () => {
    const flaky: Script = row => (row.id.endsWith('2.1.critic') ? internal('broken') : noisy(row));
    for (const order of ['sync', 'sequential'] as const) {
      const config = configOf({ order, rounds: 3 });
      const whole = await debate(config, flaky, { count: 2, width: 7 });
      for (let cut = 0; cut <= whole.events.length; cut++) {
        const stored = whole.events.slice(0, cut);
        const resumed = await debate(config, flaky, { count: 2, width: 5, state: foldAll(stored) });
        expect(content(resumed.state)).toEqual(content(whole.state));
        const ids = [...stored, ...resumed.events].flatMap(event => (event.type === 'turn' ? [event.turn.id] : []));
        expect(new Set(ids).size).toBe(ids.length);
        expect(content(foldAll([...stored, ...resumed.events]))).toEqual(content(whole.state));
      }
    }
  });

  it('abort at any moment stops cleanly, keeps what finished, and the rest comes out the same', async () => {
    const config = configOf({ rounds: 2 });
    const whole = await debate(config, noisy, { count: 2 });
    for (let after = 0; after < whole.live.length; after += 3) {
      const control = new AbortController();
      const events: RunEvent[] = [];
      let seen = 0;
      const stopped = runDebate({
        start: startOf(config, 2),
        state: emptyRun,
        generate: scripted(noisy),
        append: async event => void events.push(event),
        emit: () => {
          if (++seen > after) control.abort(new Error('stop'));
        },
        now: () => whole.state.finished!,
        width: 32,
        signal: control.signal,
      });
      const ended = await stopped.then(
        () => 'finished',
        (error: Error) => error.message,
      );
      // Once the last turn is in, only the decisions are left to write, and those are written.
      expect(ended).toBe(after < whole.live.length - 3 ? 'stop' : 'finished');
      const resumed = await debate(config, noisy, { count: 2, state: foldAll(events) });
      expect(content(resumed.state)).toEqual(content(whole.state));
    }
  });

  it('every stored turn’s prompt rebuilds to the very messages that were sent', async () => {
    for (const promptSet of ['builtin', 'default', 'paper'])
      for (const share of ['summary', 'concat', 'none'] as const)
        for (const seeOwn of [true, false]) {
          const { state, calls } = await debate(configOf({ promptSet, share, seeOwn, rounds: 3 }), noisy, { count: 1 });
          const sent = new Map(calls.flat().map(row => [row.id, row.messages]));
          for (const question of state.questions.values())
            for (const turn of question.turns.values()) {
              const { messages, parts, verified } = rebuildPrompt(turn, question);
              expect(verified).toBe(true);
              expect(messages).toEqual(sent.get(turn.id));
              messages.forEach(({ content: whole }, i) =>
                expect(
                  parts
                    .filter(({ message }) => message === i)
                    .map(({ text }) => text)
                    .join(''),
                ).toBe(whole),
              );
            }
        }
  });
});

describe('what spoke a turn', () => {
  it('is the engine of that moment, not the last one of the run', async () => {
    const events: RunEvent[] = [];
    const start = startOf(configOf({ agents: 2, rounds: 2 }), 1);
    await runDebate({
      ...{ start, state: emptyRun, generate: scripted(noisy), emit: () => undefined, now: () => '2026-11-21T00:00:00.000Z' },
      append: event => Promise.resolve(void events.push(event)),
      width: 1,
      signal: new AbortController().signal,
    });
    const turns = events.flatMap(event => (event.type === 'turn' ? [event.turn.id] : []));
    const other = { ...start.engine, device: 'webgpu' as const };
    const at = events.findIndex(event => event.type === 'turn' && event.turn.id === turns[2]);
    events.splice(at, 0, { type: 'note', at: '2026-11-21T00:00:00.000Z', note: 'fell-back', text: 'x', engine: other });
    const run = foldAll(events);
    expect(run.engine).toEqual(other);
    expect(turns.map(id => engineOf(run, id)?.device)).toEqual(turns.map((_, i) => (i < 2 ? start.engine.device : 'webgpu')));
    const speaking = fold(run, {
      type: 'turn-started',
      id: `${turns[0]}x`,
      qid: start.questions[0]!.qid,
      round: 1,
      agent: 0,
      role: 'generator',
    });
    expect(engineOf(speaking, `${turns[0]}x`)?.device).toBe('webgpu');
  });
});
