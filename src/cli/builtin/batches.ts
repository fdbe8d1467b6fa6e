// Turns corpus examples into training batches of similar length, with the loss on the answer only.
import type { Batch } from '../../onnx/train/batch';
import { compareExample, drill, reviseExample, solveExample, summariseExample, type CorpusOptions } from '../../tasks/arithmetic/corpus';
import { shuffled, type Random } from '../../tasks/arithmetic/random';
import { encode, encodeChat, END, PAD, vocabulary } from './vocabulary';

export type Kind = 'solve' | 'revise' | 'summarise' | 'compare' | 'drill';
export const kinds: readonly Kind[] = ['solve', 'revise', 'summarise', 'compare', 'drill'];

/** Rows of a batch; a revision is several times as long as a solution. */
export const rowsOf: Record<Kind, number> = { solve: 40, revise: 14, summarise: 20, compare: 48, drill: 40 };

export interface Row {
  tokens: number[];
  /** 1 where the token is to be learnt, given all before it. */
  learn: number[];
}

export interface KindBatch extends Batch {
  kind: Kind;
  /** Tokens that are no padding. */
  tokens: number;
}

const equals = vocabulary.indexOf('=');
const comma = vocabulary.indexOf(', ');

export function rowOf(kind: Kind, random: Random, options: CorpusOptions): Row {
  if (kind === 'drill') {
    const tokens = [END, ...encode(drill(random, options, 9)), END];
    // Only the value of a fact follows from what stands before it.
    let known = 0;
    const learn = tokens.map(token => {
      const now = known;
      if (token === equals) known = 1;
      else if (token === comma) known = 0;
      return now;
    });
    return { tokens, learn };
  }
  const make = { solve: solveExample, revise: reviseExample, summarise: summariseExample, compare: compareExample }[kind];
  const { messages, target } = make(random, options);
  const prompt = encodeChat(messages);
  const answer = [...encode(target), END];
  return { tokens: [...prompt, ...answer], learn: [...prompt.map(() => 0), ...answer.map(() => 1)] };
}

export function batchOf(kind: Kind, rows: readonly Row[]): KindBatch {
  const length = Math.max(...rows.map(row => row.tokens.length)) - 1;
  const ids = new BigInt64Array(rows.length * length).fill(BigInt(PAD));
  const targets = ids.slice();
  const weights = new Float32Array(ids.length);
  const learnt = rows.reduce((sum, row) => sum + row.learn.slice(1).reduce((a, b) => a + b, 0), 0);
  rows.forEach(({ tokens, learn }, r) => {
    for (let i = 0; i + 1 < tokens.length; i++) {
      ids[r * length + i] = BigInt(tokens[i]!);
      targets[r * length + i] = BigInt(tokens[i + 1]!);
      weights[r * length + i] = learn[i + 1]! / learnt;
    }
  });
  const used = rows.reduce((sum, row) => sum + row.tokens.length, 0);
  return { kind, tokens: used, rows: rows.length, length, ids, targets, weights };
}

/** An endless source of batches per kind. Sixteen batches are made at once and sorted by length, so that little is padding. */
export function batchSource(random: Random, options: CorpusOptions): (kind: Kind) => KindBatch {
  const ready = new Map<Kind, KindBatch[]>();
  return kind => {
    let pool = ready.get(kind);
    if (!pool?.length) {
      const count = rowsOf[kind];
      const rows = Array.from({ length: 16 * count }, () => rowOf(kind, random, options)).sort((x, y) => x.tokens.length - y.tokens.length);
      pool = shuffled(
        random,
        Array.from({ length: 16 }, (_, i) => batchOf(kind, rows.slice(i * count, (i + 1) * count))),
      );
      ready.set(kind, pool);
    }
    return pool.pop()!;
  };
}
