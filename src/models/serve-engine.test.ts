import { expect, it } from 'vitest';
import type { Engine, EngineRow, EngineUpdate } from './engine';
import type { FromEngine } from './protocol';
import { serveEngine } from './serve-engine';

const text = (id: string): EngineUpdate => ({ type: 'text', id, text: id, newTokens: 1 });
const row = { id: 'a' } as EngineRow;

async function served(generate: Engine['generate']): Promise<FromEngine[]> {
  const said: FromEngine[] = [];
  const hear = serveEngine(
    message => said.push(message),
    async () => ({ facts: {}, checks: [], maxContext: 1, generate }) as unknown as Engine,
  );
  await hear({ type: 'load', id: 1, request: {} as never });
  await hear({ type: 'generate', id: 2, rows: [row] });
  return said.filter(({ id }) => id === 2);
}

it('sends what is said at once in one message, in order, and all of it before the end', async () => {
  const said = await served(async (_, on) => {
    on(text('a'));
    on(text('b'));
    await Promise.resolve();
    on(text('c'));
  });
  expect(said).toEqual([
    { type: 'updates', id: 2, updates: [text('a'), text('b')] },
    { type: 'updates', id: 2, updates: [text('c')] },
    { type: 'generated', id: 2 },
  ]);
});

it('sends what was said before a failure', async () => {
  const said = await served((_, on) => {
    on(text('a'));
    throw new Error('no more');
  });
  expect(said.map(({ type }) => type)).toEqual(['updates', 'failed']);
});
