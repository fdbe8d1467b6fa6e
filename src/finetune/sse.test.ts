import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readEvents, type StreamEvent } from './sse';

const streamOf = (chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> => {
  const left = [...chunks];
  return new ReadableStream({
    pull(controller) {
      const chunk = left.shift();
      if (chunk) controller.enqueue(chunk);
      else controller.close();
    },
  });
};
async function read(...chunks: Uint8Array[]): Promise<StreamEvent[]> {
  const events: StreamEvent[] = [];
  for await (const event of readEvents(streamOf(chunks))) events.push(event);
  return events;
}
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('an event stream', () => {
  test('fields, comments, several data lines, ids that last', async () => {
    const text = ': ping\n\nid: 1\nevent: metrics\ndata: {"a":\ndata: 1}\n\ndata:x\n\nid\ndata\n\nevent: lost';
    expect(await read(bytes(text))).toEqual([
      { id: '1', event: 'metrics', data: '{"a":\n1}' },
      { id: '1', event: 'message', data: 'x' },
      { id: '', event: 'message', data: '' },
    ]);
  });

  test('is the same however it is cut, with any ending of lines', async () => {
    const text = 'id: 7\nevent: message\ndata: { "schön": "∅" }\n\n: ping\n\ndata: two\ndata: lines\n\n';
    const whole = await read(bytes(text));
    expect(whole).toHaveLength(2);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('\n', '\r\n', '\r'), fc.array(fc.nat({ max: 120 }), { maxLength: 12 }), async (end, at) => {
        const all = bytes(text.replaceAll('\n', end));
        const cuts = [0, ...at.map(cut => cut % all.length).sort((a, b) => a - b), all.length];
        const chunks = cuts.slice(1).map((cut, i) => all.subarray(cuts[i], cut));
        // A lone CR at the very end may be half of CRLF: the event it ends is told with the next byte, which a live stream always brings.
        expect(await read(...chunks, bytes(end === '\r' ? ':' : ''))).toEqual(whole);
      }),
      { numRuns: 200 },
    );
  });

  test('a line without an end is an error, not a full memory', async () => {
    await expect(read(...Array.from({ length: 30 }, () => bytes('x'.repeat(50_000))))).rejects.toThrow('without an end');
  });

  test('leaving early ends the connection', async () => {
    let cancelled = false;
    const stream = new ReadableStream<Uint8Array>({
      pull: controller => controller.enqueue(bytes('data: again\n\n')),
      cancel: () => void (cancelled = true),
    });
    for await (const { data } of readEvents(stream)) if (data) break;
    await expect.poll(() => cancelled).toBe(true);
  });
});
