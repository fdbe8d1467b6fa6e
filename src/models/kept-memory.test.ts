import { expect, it } from 'vitest';
import { KeptMemory } from './kept-memory';

it('memory that was given back is used again, the tightest that fits, and holds zeroes', () => {
  const memory = new KeptMemory();
  const [small, wide] = [memory.take('float32', 10), memory.take('float32', 100)];
  small.fill(7);
  wide.fill(7);
  memory.give(wide);
  memory.give(small);
  const again = memory.take('float32', 8);
  expect(again.buffer).toBe(small.buffer);
  expect([...again]).toEqual(Array(8).fill(0));
  const halves = memory.take('float16', 150);
  expect(halves).toBeInstanceOf(Uint16Array);
  expect(halves.buffer).toBe(wide.buffer);
  expect(halves).toHaveLength(150);
  expect(memory.take('float32', 8).buffer).not.toBe(small.buffer);
});

it('what nobody uses is kept up to a bound', () => {
  const memory = new KeptMemory();
  const mebibytes = (count: number) => memory.take('float32', count * 2 ** 18);
  const [first, second] = [mebibytes(20), mebibytes(20)];
  memory.give(first);
  memory.give(second);
  expect(mebibytes(20).buffer).toBe(first.buffer);
  expect(mebibytes(20).buffer).not.toBe(second.buffer);
});
