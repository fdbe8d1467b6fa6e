// JSON of strangers: parsed, then walked once without recursion before anything looks inside.
import { ShareError } from './errors';

/** Deeper than any run ever is; the parser and the schema both stay far from their own limits. */
const deepest = 24;
const forbidden = new Set(['__proto__', 'constructor', 'prototype']);

function refuseHostile(root: unknown): void {
  let level: unknown[] = [root];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > deepest) throw new ShareError('hostile', 'It is nested deeper than any run.', 'Do not trust where it came from.');
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value !== 'object' || value === null) continue;
      if (!Array.isArray(value)) {
        const bad = Object.keys(value).find(key => forbidden.has(key));
        if (bad) throw new ShareError('hostile', `It holds a field named "${bad}", which no run has.`, 'Do not trust where it came from.');
      }
      // Numbers and texts need no walk; leaving them out keeps a list of a million tokens cheap.
      for (const inner of Array.isArray(value) ? value : Object.values(value))
        if (typeof inner === 'object' && inner !== null) next.push(inner);
    }
    level = next;
  }
}

/** All that is written here are objects; a picture or a web page begins otherwise. */
const beginsAsOurs = (text: string): boolean => /^\s*\{/.test(text);

/** @throws ShareError 'damaged' for bytes that are no UTF-8 JSON, 'not-a-run' for what never was, 'hostile' for prototype keys and absurd nesting */
export function parseJson(bytes: Uint8Array | string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(typeof bytes === 'string' ? bytes : new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    if (!beginsAsOurs(typeof bytes === 'string' ? bytes : new TextDecoder().decode(bytes.subarray(0, 64))))
      throw new ShareError(
        'not-a-run',
        'It is no file that Polylogue writes.',
        'Runs, loops and sets are JSON, mostly packed as .gz.',
        error,
      );
    throw new ShareError('damaged', 'Its text cannot be read: a part is missing or was changed on the way.', 'Ask for it again.', error);
  }
  refuseHostile(value);
  return value;
}
