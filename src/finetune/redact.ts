// A careless endpoint repeats the key it was sent; what it says ends up in records, files and links.

/** Characters below which a key is no secret, and too likely to be a word. */
const leastSecret = 6;

export const withoutKey = (text: string, key: string): string => (key.length < leastSecret ? text : text.replaceAll(key, '…'));
