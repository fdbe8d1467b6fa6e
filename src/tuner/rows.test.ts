// Training files: what is right passes, what is wrong is told by line, and nothing that is sent breaks the reader.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { row } from './fixtures/rows';
import { defaultLimits } from './limits';
import { checkRows, RowsError } from './rows';

const bytes = (text: string) => new TextEncoder().encode(text);
const check = (text: string | Uint8Array, limits = defaultLimits) =>
  checkRows(typeof text === 'string' ? bytes(text) : text, limits, 'supervised');
const checkPairs = (...rows: object[]) => checkRows(bytes(rows.map(row => JSON.stringify(row)).join('\n')), defaultLimits, 'dpo');
const good = row('a?', 'b');
const messages = (...list: object[]) => JSON.stringify({ messages: list });
const [user, answer] = [
  { role: 'user', content: 'q' },
  { role: 'assistant', content: 'a' },
];

describe('rows', () => {
  test('are counted, blank lines are not', async () => {
    expect(await check(`${good}\n`)).toBe(1);
    expect(await check(`${good}\r\n\n  \n${good}`)).toBe(2);
    expect(await check(messages({ role: 'system', content: '' }, user, { ...answer, weight: 0 }, user, { ...answer, weight: 1 }))).toBe(1);
    expect(await check(`${good}\n`.repeat(2000))).toBe(2000);
  });

  test.each([
    ['', 'no rows'],
    ['\n \n', 'no rows'],
    ['x', 'line 1 is not JSON'],
    [`${good}\n\n[]`, 'line 3 is not an object'],
    [`${good}\n\n{}`, 'line 3 has no list'],
    [`${good}\n${JSON.stringify({ messages: [user, answer], tools: [] })}`, 'line 2 has a field "tools"'],
    [messages(), 'no messages'],
    [messages(user), 'nothing would be trained'],
    [messages(user, { ...answer, weight: 0 }), 'nothing would be trained'],
    [messages({ ...user, weight: 1 }, answer), 'never trained on'],
    [messages(user, { ...answer, weight: 0.5 }), 'not 0 or 1'],
    [messages(user, { ...answer, content: null }), 'messages[1].content'],
    [messages(user, { ...answer, role: 'tool' }), 'messages[1].role'],
    [messages(user, { ...answer, name: 'x' }), 'field "name"'],
    [messages(...Array.from({ length: 65 }, () => answer)), '65 messages'],
    [`{"messages":${'['.repeat(20)}${']'.repeat(20)}}`, 'deeper than'],
    [row('q', 'x'.repeat(256 << 10)), 'line 1 has 262'],
  ])('%#', async (text, words) => {
    await expect(check(text)).rejects.toThrow(words);
  });

  const said = (content: string) => [{ role: 'assistant', content }];
  const pair = { input: { messages: [user] }, preferred_output: said('a'), non_preferred_output: said('b') };
  test('pairs are counted', async () => {
    expect(await checkPairs(pair, { ...pair, input: { messages: [{ role: 'system', content: 's' }, user, answer, user] } })).toBe(2);
  });
  test.each<[object, string]>([
    [{ messages: [user, answer] }, 'line 2 has no list input.messages'],
    [{ ...pair, input: { messages: [] } }, 'no list input.messages'],
    [{ ...pair, input: { messages: [user], tools: [] } }, 'input."tools"'],
    [{ ...pair, input: { messages: [user, answer] } }, 'ends with an answer'],
    [{ ...pair, input: { messages: [{ ...user, role: 'tool' }] } }, 'input.messages[0].role'],
    [{ ...pair, input: { messages: [{ ...answer, weight: 1 }, user] } }, 'input.messages[0] has a field "weight"'],
    [{ ...pair, input: { messages: Array.from({ length: 65 }, () => user) } }, '65 messages'],
    [{ ...pair, chosen: 'a' }, 'field "chosen"'],
    [{ ...pair, preferred_output: 'a' }, 'no preferred_output of one message'],
    [{ ...pair, non_preferred_output: [...said('b'), ...said('c')] }, 'no non_preferred_output of one message'],
    [{ ...pair, non_preferred_output: [user] }, 'non_preferred_output[0].role is not assistant'],
    [{ ...pair, preferred_output: [{ role: 'assistant', content: null }] }, 'preferred_output[0].content'],
    [{ ...pair, non_preferred_output: said('a') }, 'prefers an answer to itself'],
  ])('of pairs %#', async (row, words) => {
    await expect(checkPairs(pair, row)).rejects.toThrow(words);
    await expect(checkPairs(pair, row)).rejects.toThrow('line 2');
  });

  test('no more than so many', async () => {
    await expect(check(`${good}\n`.repeat(4), { ...defaultLimits, rows: 3 })).rejects.toThrow('more than 3 rows');
  });

  test('bytes that are no text', async () => {
    await expect(check(new Uint8Array([...bytes(`${good}\n`), 0xff, 0xfe, 0x0a]))).rejects.toThrow('line 2 is not text');
  });

  test('whatever is sent, it is a count or a RowsError', async () => {
    const line = fc.oneof(fc.json(), fc.constant(good), fc.string({ unit: 'binary' }), fc.constant(messages(user, answer)));
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 6 }), async lines => {
        try {
          expect(await check(lines.join('\n'))).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(RowsError);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('stops when it is told to', async () => {
    await expect(
      checkRows(bytes(`${good}\n`.repeat(2000)), defaultLimits, 'supervised', AbortSignal.abort(new Error('closing'))),
    ).rejects.toThrow('closing');
  });
});
