// The random numbers of one answer: a pure function of who speaks where in which run, and of the token index.
import type { EngineRow } from './engine';
import { philox4x32, type Words } from './philox';

export type DrawKey = EngineRow['draw'];

const ABSORB: readonly [number, number] = [0x706f6c79, 0x6c6f6775];

/** 128 bits of a text: its blocks are chained through the generator, the length first so that padding cannot collide. */
function digest(text: string): Words {
  const bytes = new TextEncoder().encode(text);
  const padded = new Uint8Array(Math.ceil(bytes.length / 16) * 16);
  padded.set(bytes);
  const view = new DataView(padded.buffer);
  let state = philox4x32([bytes.length, 0, 0, 0], ABSORB);
  for (let at = 0; at < padded.length; at += 16)
    state = philox4x32(state.map((word, i) => (word ^ view.getUint32(at + 4 * i, true)) >>> 0) as Words, ABSORB);
  return state;
}

/** u(t) in [0, 1) with 53 bits, for token index t. */
export function drawsOf(key: DrawKey): (token: number) => number {
  // JSON keeps fields apart whatever characters a question id holds.
  const [k0, k1, c2, c3] = digest(JSON.stringify([key.seed, key.qid, key.agent, key.role, key.round, key.attempt]));
  return token => {
    const [high, low] = philox4x32([token >>> 0, 0, c2, c3], [k0, k1]);
    return ((high >>> 5) * 2 ** 26 + (low >>> 6)) / 2 ** 53;
  };
}
