// A careless endpoint repeats the key it was sent; what it says ends up in records, files and links.

/** Characters below which a key is no secret, and too likely to be a word. */
const leastSecret = 6;

export const withoutKey = (text: string, key: string): string => (key.length < leastSecret ? text : text.replaceAll(key, '…'));

/** The same in bytes of a file, in place: as many dots as the key is long, so that lengths and offsets written in the file stay right. */
export function withoutKeyBytes(bytes: Uint8Array<ArrayBuffer>, key: string): Uint8Array<ArrayBuffer> {
  const secret = new TextEncoder().encode(key);
  if (key.length < leastSecret) return bytes;
  for (let at = bytes.indexOf(secret[0]!); at >= 0; at = bytes.indexOf(secret[0]!, at + 1))
    if (secret.every((byte, i) => bytes[at + i] === byte)) bytes.fill(0x2e, at, at + secret.length);
  return bytes;
}
