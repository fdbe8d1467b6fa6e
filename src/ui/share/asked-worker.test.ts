import { describe, expect, it, vi } from 'vitest';
import { AskedWorker } from './asked-worker';

interface Question {
  id: number;
  text: string;
}
type Answer = { id: number; said: string };

function scripted() {
  const worker = { postMessage: vi.fn(), terminate: vi.fn(), onmessage: null as unknown, onerror: null as unknown };
  const life = new AbortController();
  const asked = new AskedWorker<Question, Answer>(worker as unknown as Worker, 'It is gone.', life.signal);
  const answer = (data: Answer | { id: number; failed: string }): void => (worker.onmessage as (event: unknown) => void)({ data });
  const die = (): void => (worker.onerror as (event: unknown) => void)({ preventDefault: () => undefined });
  return { worker, life, asked, answer, die };
}
const ask = (asked: AskedWorker<Question, Answer>, text: string): Promise<Answer> => asked.ask(id => ({ id, text }));

describe('a worker that is asked', () => {
  it('gives each answer to who asked, in whatever order they come', async () => {
    const { asked, answer } = scripted();
    const [one, two] = [ask(asked, 'one'), ask(asked, 'two')];
    answer({ id: 2, said: 'second' });
    answer({ id: 1, failed: 'No.' });
    await expect(one).rejects.toThrow('No.');
    expect((await two).said).toBe('second');
  });

  it('leaves nobody waiting when it is gone: neither who asked, nor who asks afterwards', async () => {
    const { asked, worker, die } = scripted();
    const before = ask(asked, 'before');
    die();
    await expect(before).rejects.toThrow('It is gone.');
    await expect(ask(asked, 'after')).rejects.toThrow('It is gone.');
    expect(worker.terminate).toHaveBeenCalled();
  });

  it('ends with its signal, and says its reason', async () => {
    const { asked, worker, life } = scripted();
    const waiting = ask(asked, 'one');
    life.abort(new Error('left'));
    await expect(waiting).rejects.toThrow('left');
    await expect(ask(asked, 'two')).rejects.toThrow('left');
    asked.tell({ id: 0, text: 'late' });
    expect(worker.postMessage).toHaveBeenCalledTimes(1);
  });
});
