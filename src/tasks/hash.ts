// One hash for ids, prompts and seeded choices: MurmurHash3 (x86, 128 bits) over UTF-8. Synchronous and pure, which Web Crypto is not.
// Not cryptographic: it tells texts apart and spreads draws, it proves nothing against somebody who forges a collision.

const rotl = (x: number, r: number): number => (x << r) | (x >>> (32 - r));

/** Final avalanche of MurmurHash3. */
function mix(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

const C = [0x239b961b, 0xab0e9789, 0x38b34ae5, 0xa1e38b93] as const;
const utf8 = new TextEncoder();

function words(text: string, seed: number): [number, number, number, number] {
  const bytes = utf8.encode(text);
  // Zero padding reads the tail as the reference does: absent bytes count as zero.
  const padded = new Uint8Array(Math.ceil(bytes.length / 16) * 16);
  padded.set(bytes);
  const view = new DataView(padded.buffer);
  let [h1, h2, h3, h4] = [seed, seed, seed, seed];
  const blocks = Math.floor(bytes.length / 16);
  const scramble = (k: number, i: 0 | 1 | 2 | 3): number => Math.imul(rotl(Math.imul(k, C[i]), 15 + i), C[((i + 1) % 4) as 0 | 1 | 2 | 3]);
  for (let b = 0; b < blocks; b++) {
    const k = (i: number): number => view.getInt32(b * 16 + i * 4, true);
    h1 = (Math.imul(rotl(h1 ^ scramble(k(0), 0), 19) + h2, 5) + 0x561ccd1b) | 0;
    h2 = (Math.imul(rotl(h2 ^ scramble(k(1), 1), 17) + h3, 5) + 0x0bcaa747) | 0;
    h3 = (Math.imul(rotl(h3 ^ scramble(k(2), 2), 15) + h4, 5) + 0x96cd1c35) | 0;
    h4 = (Math.imul(rotl(h4 ^ scramble(k(3), 3), 13) + h1, 5) + 0x32ac3b17) | 0;
  }
  if (bytes.length > blocks * 16) {
    const k = (i: number): number => view.getInt32(blocks * 16 + i * 4, true);
    h1 ^= scramble(k(0), 0);
    h2 ^= scramble(k(1), 1);
    h3 ^= scramble(k(2), 2);
    h4 ^= scramble(k(3), 3);
  }
  [h1, h2, h3, h4] = [h1 ^ bytes.length, h2 ^ bytes.length, h3 ^ bytes.length, h4 ^ bytes.length];
  h1 = (h1 + h2 + h3 + h4) | 0;
  [h2, h3, h4] = [(h2 + h1) | 0, (h3 + h1) | 0, (h4 + h1) | 0];
  [h1, h2, h3, h4] = [mix(h1), mix(h2), mix(h3), mix(h4)];
  h1 = (h1 + h2 + h3 + h4) | 0;
  return [h1, (h2 + h1) | 0, (h3 + h1) | 0, (h4 + h1) | 0];
}

/** 32 lower-case hex digits. @param seed unsigned 32 bits */
export const hash128 = (text: string, seed = 0): string =>
  words(text, seed)
    .map(word => (word >>> 0).toString(16).padStart(8, '0'))
    .join('');

/**
 * The items in an order that depends only on the seed text and each item's own name: never on the order they came in.
 * Seeded tie draws and shuffled peers both use this.
 */
export function seededOrder<T>(items: readonly T[], nameOf: (item: T) => string, ...seed: readonly (string | number)[]): T[] {
  const prefix = seed.join('\u0000');
  const ranked = items.map(item => ({ item, name: nameOf(item), rank: hash128(`${prefix}\u0000${nameOf(item)}`) }));
  ranked.sort((x, y) => (x.rank < y.rank ? -1 : x.rank > y.rank ? 1 : x.name < y.name ? -1 : x.name > y.name ? 1 : 0));
  return ranked.map(({ item }) => item);
}
