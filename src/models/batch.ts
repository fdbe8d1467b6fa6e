// Rows of unequal length going through the model together: right-padded prefill, then one token per row and step.
import type { AdapterInputs } from './adapter-inputs';
import type { KvCache } from './cache';
import type { DecoderShape } from './decoder-shape';
import { evenWidth } from './even-width';
import { int64s } from './int64';
import { fromHalves } from '../onnx/half';
import type { Feeds, Runtime, Session, Tensor } from './runtime';

export interface Model {
  runtime: Runtime;
  session: Session;
  shape: DecoderShape;
  /** @param once for a batch that is read and never goes on */
  newCache(rows: number, longest: number, once?: boolean): KvCache;
  /** Adapter inputs for rows that speak with these adapters. */
  adapters(rows: readonly (string | null)[]): AdapterInputs;
  /** The adapter inputs are one pool for all rows. */
  pooled: boolean;
  /** Narrower batches are filled with idle rows. */
  minRows: number;
  /** Agents up to which it does not pay to part the rows of a call by agent. */
  mostAgents: number;
}

/** Logits of each row, one after the other; valid until the next step. */
export interface RowLogits {
  row(index: number): Float32Array;
}

/**
 * A run may not change any row by what its neighbours are. The mask is left-aligned: attention takes a row's length from the sum of its
 * mask, so a new key lands in the slot behind the row's own last one, over the padding.
 */
export class Batch {
  readonly #model: Model;
  readonly #cache: KvCache;
  readonly #adapters: AdapterInputs;
  /** Of all rows of the batch, idle ones included. */
  #lengths: number[];
  /** Where the rows that somebody reads stand in the batch. */
  #places: number[];

  /**
   * @param longest tokens the longest row may come to, prompt and answer
   * @param once the batch is read and never goes on
   */
  constructor(model: Model, adapters: readonly (string | null)[], longest: number, once = false) {
    this.#model = model;
    const filled = [...adapters, ...Array<null>(Math.max(0, model.minRows - adapters.length)).fill(null)];
    this.#cache = model.newCache(filled.length, longest, once);
    this.#lengths = filled.map(() => 0);
    this.#places = adapters.map((_, row) => row);
    this.#adapters = model.adapters(filled);
  }

  /** Logits behind each prompt's last token. */
  async prefill(prompts: readonly (readonly number[])[]): Promise<RowLogits> {
    const logits = await this.read(
      prompts,
      prompts.map(p => [p.length - 1]),
    );
    return { row: r => logits(r, 0) };
  }

  /** A prefill with logits at k positions of each text. @param at [rows][k] */
  async read(texts: readonly (readonly number[])[], at: readonly (readonly number[])[]): Promise<(row: number, k: number) => Float32Array> {
    const width = evenWidth(Math.max(...texts.map(t => t.length)));
    const rows = this.#lengths.length;
    const ids = int64s(rows * width, i => texts[Math.floor(i / width)]?.[i % width] ?? 0);
    const positions = int64s(ids.length, i => i % width);
    // An idle row is one token long.
    this.#lengths = this.#lengths.map((_, row) => texts[row]?.length ?? 1);
    const k = at[0]!.length;
    const wanted = this.#lengths.flatMap((_, row) => at[row] ?? Array<number>(k).fill(0));
    const logits = await this.#run(ids, positions, width, wanted, k);
    return (row, i) => logits.at(row, i);
  }

  /** One more token per row. */
  async step(tokens: readonly number[]): Promise<RowLogits> {
    const places = this.#places;
    const fed = Array<number>(this.#lengths.length).fill(0);
    // Idle rows write their last slot again and again.
    const lengths = [...this.#lengths];
    places.forEach((place, row) => {
      fed[place] = tokens[row]!;
      lengths[place]!++;
    });
    this.#lengths = lengths;
    const ids = int64s(fed.length, i => fed[i]!);
    const positions = int64s(fed.length, i => lengths[i]! - 1);
    const logits = await this.#run(ids, positions, 1, Array<number>(fed.length).fill(0), 1);
    return { row: r => logits.at(places[r]!, 0) };
  }

  /** Only these rows go on; each stays in its place or comes from behind the last place kept. */
  keep(rows: readonly number[]): void {
    const places = rows.map(r => this.#places[r]!);
    if (rows.length < this.#model.minRows) {
      this.#places = places;
      return;
    }
    this.#lengths = places.map(place => this.#lengths[place]!);
    this.#places = places.map((_, row) => row);
    this.#adapters.keep(places);
    this.#cache.keep(places);
  }

  dispose(): void {
    this.#cache.dispose();
    this.#adapters.dispose();
  }

  async #run(ids: BigInt64Array, positions: BigInt64Array, fed: number, at: readonly number[], k: number) {
    const { runtime, session, shape } = this.#model;
    const rows = this.#lengths.length;
    const width = this.#cache.maskWidth(fed, Math.max(...this.#lengths));
    const mask = new BigInt64Array(rows * width);
    this.#lengths.forEach((length, row) => mask.fill(1n, row * width, row * width + length));
    const feeds: Feeds = {
      input_ids: runtime.tensor('int64', ids, [rows, fed]),
      attention_mask: runtime.tensor('int64', mask, [rows, width]),
      ...this.#cache.feeds(this.#lengths),
      ...this.#adapters.feeds(),
    };
    if (shape.positions) feeds['position_ids'] = runtime.tensor('int64', positions, [rows, fed]);
    if (shape.keepsLogits) feeds['num_logits_to_keep'] = runtime.tensor('int64', BigInt64Array.of(0n), []);
    if (shape.gathered)
      feeds['logits_index'] = runtime.tensor(
        'int64',
        int64s(at.length, i => at[i]!),
        [rows, k, 1],
      );
    assertFeeds(session, feeds);
    const outputs = await session.run(feeds, { logits: null, ...this.#cache.fetches() });
    this.#cache.take(outputs, fed, this.#lengths);
    return new LogitRows(outputs['logits']!, shape.gathered ? null : { at, k });
  }
}

const inputsOf = new WeakMap<Session, ReadonlySet<string>>();

/** onnxruntime drops feeds it does not know without a word, and an adapter with them. */
function assertFeeds(session: Session, feeds: Feeds): void {
  let inputs = inputsOf.get(session);
  if (!inputs) inputsOf.set(session, (inputs = new Set(session.inputNames)));
  const names = Object.keys(feeds);
  if (names.length === inputs.size && names.every(name => inputs.has(name))) return;
  const missing = session.inputNames.filter(name => !(name in feeds));
  const unknown = names.filter(name => !inputs.has(name));
  throw new Error(`feeds do not fit the graph: missing [${missing}], unknown [${unknown}]`);
}

/** Logits [rows, k, vocab], or [rows, fed, vocab] with the wanted positions told. */
class LogitRows {
  readonly #data: Float32Array;
  readonly #vocab: number;
  readonly #perRow: number;
  readonly #picked: { at: readonly number[]; k: number } | null;

  constructor(logits: Tensor, picked: { at: readonly number[]; k: number } | null) {
    this.#data = logits.type === 'float16' ? halves(logits.data as Uint16Array) : (logits.data as Float32Array);
    this.#vocab = logits.dims[2]!;
    this.#perRow = logits.dims[1]!;
    this.#picked = picked;
  }

  at(row: number, k: number): Float32Array {
    const inRow = this.#picked ? this.#picked.at[row * this.#picked.k + k]! : k;
    const start = (row * this.#perRow + inRow) * this.#vocab;
    return this.#data.subarray(start, start + this.#vocab);
  }
}

/** Where Float16Array exists the runtime uses it; its bit patterns are what we read. */
const halves = (data: Uint16Array): Float32Array => fromHalves(new Uint16Array(data.buffer, data.byteOffset, data.length));
