// Server-sent events from a `fetch` body: `EventSource` cannot send a token.

export interface StreamEvent {
  id: string | null;
  event: string;
  data: string;
}

/** Longest event, characters; a server that never ends a line must not fill the memory. */
const longest = 1_000_000;

/**
 * @param onBytes told of every chunk, pings included: what a watchdog listens to
 * @throws what the stream fails with
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream
 */
export async function* readEvents(
  stream: ReadableStream<Uint8Array>,
  onBytes: () => void = () => undefined,
): AsyncGenerator<StreamEvent, void, undefined> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let id: string | null = null;
  let event = '';
  let data: string[] = [];
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return; // an event that was not ended by an empty line is not one
      onBytes();
      text += decoder.decode(value, { stream: true });
      if (text.length > longest) throw new Error('the event stream sends a line without an end');
      // A CR at the very end may be the first half of CRLF.
      for (let match; (match = /\r\n|\n|\r(?=[^])/.exec(text));) {
        const line = text.slice(0, match.index);
        text = text.slice(match.index + match[0].length);
        if (line === '') {
          if (data.length) yield { id, event: event || 'message', data: data.join('\n') };
          event = '';
          data = [];
          continue;
        }
        const colon = line.indexOf(':');
        const field = colon < 0 ? line : line.slice(0, colon);
        const given = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
        if (field === 'id' && !given.includes('\0')) id = given;
        else if (field === 'event') event = given;
        else if (field === 'data') data.push(given);
      }
    }
  } finally {
    // However the caller leaves, the connection ends; a stream that has already failed refuses, and that is the same.
    reader.cancel().catch(() => undefined);
  }
}
