import { afterAll, expect, it } from 'vitest';

import type { Engine, EngineOutput, EngineRow } from '../engine';
import { createNodeEngine } from '../engine-node';
import { createNodeTeam } from './node';

const never = new AbortController().signal;
const dir = 'public/models/abacus';
const opened: Engine[] = [];
afterAll(() => Promise.all(opened.map(engine => engine.dispose())));

const rows: EngineRow[] = Array.from({ length: 24 }, (_, i) => ({
  id: `${i}`,
  messages: [{ role: 'user', content: `What is ${1 + (i % 9)}+3*4+${i % 7}-2*5?` }],
  adapter: null,
  sampling: { temperature: 1, topK: 0, topP: 1, minP: 0, maxNewTokens: 60 },
  draw: { seed: 1, qid: `${i}`, agent: i % 3, role: 'generator', round: 1, attempt: 0 },
}));

async function speak(engine: Engine): Promise<Map<string, Omit<EngineOutput, 'usage'>>> {
  const outputs = new Map<string, Omit<EngineOutput, 'usage'>>();
  await engine.generate(
    rows,
    update => {
      if (update.type !== 'done') return;
      const { usage: _, ...words } = update.output;
      outputs.set(words.id, words);
    },
    never,
  );
  return outputs;
}

it('threads of a Node process say together what one engine says alone', async () => {
  const fewer: string[] = [];
  const one = await createNodeEngine(dir, { threads: 1 });
  opened.push(one);
  const team = await createNodeTeam(dir, { processors: 2, onFewer: reason => fewer.push(reason) });
  opened.push(team);
  const alone = await speak(one);
  expect(await speak(team)).toEqual(alone);
  await team.settled();
  expect(team.members).toBe(2);
  expect(await speak(team)).toEqual(alone);
  expect(fewer).toEqual([]);
});
