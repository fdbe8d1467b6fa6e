// The decode loop: rows of different agents speak together, each with its own sampling, draws, stop and length.
import { Batch, type Model, type RowLogits } from './batch';
import type { Detokenizer, TextStream } from './detokenize';
import { drawsOf } from './draws';
import type { EngineOutput, EngineRow } from './engine';
import { sample } from './sampler';

export interface SpeakingRow {
  row: EngineRow;
  prompt: readonly number[];
}

export interface Speech {
  model: Model;
  detokenizer: Detokenizer;
  stops: ReadonlySet<number>;
  /** Milliseconds. */
  now(): number;
  /** Called between steps; text so far of the rows still speaking can be read. May pause to let other events in. */
  between(live: readonly Speaker[], signal: AbortSignal): Promise<void> | void;
  done(output: EngineOutput): void;
}

export class Speaker {
  readonly id: string;
  readonly adapter: string | null;
  readonly #row: EngineRow;
  readonly #stream: TextStream;
  readonly #draw: (token: number) => number;
  readonly #logprobs: number[] = [];
  readonly #started: number;
  readonly #promptTokens: number;
  next = 0;

  constructor({ row, prompt }: SpeakingRow, stream: TextStream, started: number) {
    this.id = row.id;
    this.adapter = row.adapter;
    this.#row = row;
    this.#stream = stream;
    this.#draw = drawsOf(row.draw);
    this.#started = started;
    this.#promptTokens = prompt.length;
  }

  get text(): string {
    return this.#stream.text;
  }

  get newTokens(): number {
    return this.#logprobs.length;
  }

  /** Draws the next token. @returns how the answer ended, or null while it goes on */
  choose(logits: Float32Array, stops: ReadonlySet<number>): EngineOutput['finish'] | null {
    const { sampling } = this.#row;
    const { token, logprob } = sample(logits, sampling, sampling.temperature === 0 ? 0 : this.#draw(this.newTokens));
    this.next = token;
    this.#logprobs.push(logprob);
    this.#stream.push(token);
    if (stops.has(token)) return 'stop';
    return this.newTokens >= sampling.maxNewTokens ? 'length' : null;
  }

  finish(finish: EngineOutput['finish'], now: number): EngineOutput {
    const { text, ends } = this.#stream.finish();
    const usage = { promptTokens: this.#promptTokens, newTokens: this.newTokens, ms: now - this.#started };
    return { id: this.id, text, finish, usage, ends, logprobs: this.#logprobs };
  }
}

/** Speaks one wave to its end. Finished rows leave the batch at once: a cache row is copied whole, which changes no number in it. */
export async function speakWave(wave: readonly SpeakingRow[], speech: Speech, signal: AbortSignal): Promise<void> {
  const { model, detokenizer, stops, now } = speech;
  const started = now();
  let live = wave.map(row => new Speaker(row, detokenizer.start(), started));
  const longest = Math.max(...wave.map(({ row, prompt }) => prompt.length + row.sampling.maxNewTokens));
  const batch = new Batch(
    model,
    live.map(s => s.adapter),
    longest,
  );
  try {
    let logits: RowLogits = await batch.prefill(wave.map(w => w.prompt));
    for (;;) {
      signal.throwIfAborted();
      const finished = new Set<number>();
      live.forEach((speaker, row) => {
        const finish = speaker.choose(logits.row(row), stops);
        if (finish === null) return;
        finished.add(row);
        speech.done(speaker.finish(finish, now()));
      });
      if (finished.size === live.length) return;
      if (finished.size) {
        const staying = fillHoles(live.length, finished);
        live = staying.map(row => live[row]!);
        batch.keep(staying);
      }
      await speech.between(live, signal);
      signal.throwIfAborted();
      logits = await batch.step(live.map(s => s.next));
    }
  } finally {
    batch.dispose();
  }
}

/** Rows that stay, with the last ones moved into the places of those that leave: as little as possible is copied. */
function fillHoles(rows: number, leaving: ReadonlySet<number>): number[] {
  const staying = Array.from({ length: rows }, (_, row) => row).filter(row => !leaving.has(row));
  const places = Array.from(staying.keys());
  const movers = staying.filter(row => row >= staying.length);
  return places.map(place => (leaving.has(place) ? movers.pop()! : place));
}
