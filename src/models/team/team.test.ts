import { afterEach, describe, expect, it } from 'vitest';

import { randomAdapter } from '../../onnx/fixtures/adapters';
import { tinyConfig } from '../../onnx/fixtures/weights';
import { writeAdapter } from '../../onnx/peft';
import type { Engine, EngineOutput, EngineRow, TunedFiles } from '../engine';
import { EngineError } from '../fault';
import { tinyEngine, tinyRows } from '../fixtures/tiny-engine';
import { createTeam, type Team } from './team';

const never = new AbortController().signal;
const opened: Engine[] = [];
afterEach(async () => {
  for (const engine of opened.splice(0)) await engine.dispose();
});
const keep = <T extends Engine>(engine: T): T => {
  opened.push(engine);
  return engine;
};

async function speak(engine: Engine, rows: readonly EngineRow[], signal = never): Promise<Map<string, EngineOutput>> {
  const outputs = new Map<string, EngineOutput>();
  await engine.generate(
    rows,
    update => {
      if (update.type !== 'done') return;
      expect(outputs.has(update.output.id)).toBe(false);
      outputs.set(update.output.id, update.output);
    },
    signal,
  );
  return outputs;
}
const words = ({ text, logprobs, ends, finish }: EngineOutput) => ({ text, logprobs, ends, finish });

/** An engine that counts the rows it is asked for, and fails as it is told to. */
async function counting(change: Partial<Engine> = {}): Promise<Engine & { asked: number; gone: boolean }> {
  const inner = await tinyEngine();
  const counted = {
    ...inner,
    asked: 0,
    gone: false,
    async generate(...[rows, on, signal]: Parameters<Engine['generate']>) {
      counted.asked += rows.length;
      await inner.generate(rows, on, signal);
    },
    async dispose() {
      counted.gone = true;
      await inner.dispose();
    },
    ...change,
  };
  return counted;
}

const agent = (seed: number): TunedFiles => {
  const files = writeAdapter(randomAdapter(tinyConfig, { rank: 3, seed, strength: 2 }), { alpha: 6, baseModel: null });
  return { ...files, 'adapter_config.json': new TextEncoder().encode(files['adapter_config.json']) } as TunedFiles;
};

/** A team whose second member has arrived, or was refused. */
async function pair(first: Engine, second: Engine, fewer: string[] = []): Promise<Team> {
  const team = keep(createTeam(first, { size: 2, hire: async () => second, onFewer: reason => fewer.push(reason) }));
  await speak(team, tinyRows(8));
  await team.settled();
  return team;
}

describe('a team of engines', () => {
  it('says what one engine says, to the last bit, and shares the rows', async () => {
    const rows = tinyRows(40);
    const alone = await speak(keep(await tinyEngine()), rows);
    const [first, second] = [await counting(), await counting()];
    const team = await pair(first, second);
    expect(team.members).toBe(2);
    const before = first.asked;
    const together = await speak(team, rows);
    expect([...together.keys()].sort()).toEqual(rows.map(r => r.id).sort());
    for (const [id, output] of together) expect(words(output)).toEqual(words(alone.get(id)!));
    expect(first.asked - before + second.asked).toBe(40);
    expect(second.asked).toBeGreaterThan(0);
  });

  it('scores as one engine does, in the order of the rows', async () => {
    const rows = tinyRows(20).map((row, i) => ({ messages: row.messages, adapter: null, text: `it is ${i}` }));
    const one = keep(await tinyEngine());
    const team = await pair(await tinyEngine(), await tinyEngine());
    expect(await team.score(rows, never)).toEqual(await one.score(rows, never));
  });

  it('hires nobody for a few rows', async () => {
    let hired = 0;
    const hire = (): Promise<Engine> => {
      hired++;
      return tinyEngine();
    };
    const team = keep(createTeam(await tinyEngine(), { size: 2, hire }));
    await speak(team, tinyRows(7));
    expect(hired).toBe(0);
  });

  it('teaches new agents to all, also to a member that comes later', async () => {
    const agents = new Map([['a', agent(5)]]);
    const rows = tinyRows(24, () => ({ adapter: 'a' }));
    const one = keep(await tinyEngine());
    await one.adopt(agents, never);
    const expected = await speak(one, rows);
    const [first, second] = [await counting(), await counting()];
    let late: ((engine: Engine) => void) | undefined;
    const team = keep(createTeam(first, { size: 2, hire: () => new Promise(done => (late = done)) }));
    await speak(team, tinyRows(8));
    await team.adopt(agents, never);
    late!(second);
    await team.settled();
    for (const again of [0, 1]) {
      if (again) await team.adopt(agents, never);
      const got = await speak(team, rows);
      for (const [id, output] of got) expect(words(output)).toEqual(words(expected.get(id)!));
    }
    expect(second.asked).toBeGreaterThan(0);
  });

  it('goes on with those it has when a member runs out of memory, and no row is lost or told twice', async () => {
    const second = await counting();
    const spoken = second.generate.bind(second);
    second.generate = async (rows, on, signal) => {
      await spoken(rows.slice(0, 2), on, signal);
      throw new EngineError('out-of-memory', 'no room');
    };
    const fewer: string[] = [];
    const first = await counting();
    const team = await pair(first, second, fewer);
    const rows = tinyRows(40);
    expect((await speak(team, rows)).size).toBe(40);
    expect(second.gone).toBe(true);
    expect(fewer).toEqual(['no room']);
    const before = first.asked;
    await speak(team, rows);
    expect(first.asked - before).toBe(40);
  });

  it('says why another one could not be had, and does not ask again', async () => {
    const fewer: string[] = [];
    let asked = 0;
    const hire = async (): Promise<Engine> => {
      asked++;
      throw new Error('no more workers');
    };
    const team = keep(createTeam(await tinyEngine(), { size: 2, hire, onFewer: reason => fewer.push(reason) }));
    for (let i = 0; i < 3; i++) expect((await speak(team, tinyRows(10))).size).toBe(10);
    expect([asked, fewer]).toEqual([1, ['no more workers']]);
  });

  it('takes in nobody with other weights', async () => {
    const fewer: string[] = [];
    const other = await counting();
    const wrong = { ...other, facts: { ...other.facts, modelHash: 'another' } };
    const first = await counting();
    const team = await pair(first, wrong, fewer);
    await speak(team, tinyRows(40));
    expect(first.asked).toBe(48);
    expect(fewer[0]).toMatch(/other weights/);
  });

  it('any other failure, and a cancel, end the call', async () => {
    const broken = await counting({ generate: () => Promise.reject(new EngineError('internal', 'a defect')) });
    await expect(speak(await pair(await tinyEngine(), broken), tinyRows(40))).rejects.toThrow('a defect');
    const team = await pair(await tinyEngine(), await tinyEngine());
    const stop = new AbortController();
    const call = team.generate(tinyRows(40), () => stop.abort(new Error('enough')), stop.signal);
    await expect(call).rejects.toThrow('enough');
  });

  it('is unloaded whole, a member on its way included', async () => {
    const late = await counting();
    let arrive: ((engine: Engine) => void) | undefined;
    const team = createTeam(await tinyEngine(), { size: 2, hire: () => new Promise(done => (arrive = done)) });
    await speak(team, tinyRows(8));
    const ended = team.dispose();
    arrive!(late);
    await ended;
    expect(late.gone).toBe(true);
  });
});
