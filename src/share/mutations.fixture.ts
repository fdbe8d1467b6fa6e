// Test only: what an attack, or an accident, does to a link or a file.
import type { Random } from '../tasks/arithmetic/random';

const pick = <T>(random: Random, items: readonly T[]): T => items[Math.floor(random() * items.length)]!;

export const script = '<script>alert(1)</script><img src=x onerror=alert(1)>[x](javascript:alert(1))';
const nasty: readonly unknown[] = [
  null,
  true,
  false,
  '',
  script,
  '\u0000\u202e\ud800',
  'x'.repeat(300_000),
  0,
  -1,
  0.5,
  1e308,
  -1e308,
  Number.MAX_SAFE_INTEGER,
  2 ** 60,
  [],
  {},
  [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]],
  Array.from({ length: 70_000 }, () => 0),
  { length: 1e9 },
  { toString: 'x', valueOf: 1, then: 1 },
  { type: 'turn' },
  '2026-11-21T06:30:00.000Z',
];

type Node = Record<string | number, unknown>;

/** Every place in a JSON value, as the thing that holds it and the name it has there. */
function places(root: unknown): { holder: Node; name: string | number }[] {
  const found: { holder: Node; name: string | number }[] = [];
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const name of Array.isArray(value) ? value.keys() : Object.keys(value)) {
      found.push({ holder: value as Node, name });
      walk((value as Node)[name]);
    }
  };
  walk(root);
  return found;
}

/** One to three fields changed: other kinds, other values of the same kind, gone, doubled, moved, renamed into prototype keys. */
export function mutateJson(json: string, random: Random): string {
  const root = JSON.parse(json) as Node;
  for (let i = 1 + Math.floor(random() * 3); i > 0; i--) {
    const all = places(root);
    if (all.length === 0) break;
    const { holder, name } = pick(random, all);
    const value = holder[name];
    switch (Math.floor(random() * 7)) {
      case 0:
      case 1:
        holder[name] = pick(random, nasty);
        break;
      case 2:
        if (Array.isArray(holder)) holder.splice(Number(name), 1);
        else delete holder[name];
        break;
      case 3:
        if (Array.isArray(holder)) holder.splice(Number(name), 0, structuredClone(value));
        else holder[pick(random, ['extra', 'html', 'constructor', 'prototype', 'hasOwnProperty'])] = value;
        break;
      case 4: {
        const other = pick(random, all);
        holder[name] = structuredClone(other.holder[other.name]);
        break;
      }
      case 5:
        if (typeof value === 'number') holder[name] = value + pick(random, [-1, 1, 0.5, 1000, -1000, 2 ** 53]);
        else if (typeof value === 'string') holder[name] = script + value;
        break;
      default:
        // JSON.parse makes `__proto__` an ordinary field, which is how an attack would send it.
        Object.defineProperty(holder, '__proto__', { value: { polluted: true }, enumerable: true, configurable: true, writable: true });
    }
  }
  const text = JSON.stringify(root);
  return random() < 0.1
    ? text.replace(/:(\d+)/, () => `:${pick(random, ['1e999', '-0', '1E400', '0.1e-9', '00', '9'.repeat(400)])}`)
    : text;
}

export function mutateText(text: string, random: Random): string {
  const at = Math.floor(random() * text.length);
  const letter = pick(random, [...'Az09-_=+/ &%#.\u0000é']);
  return pick(random, [
    () => text.slice(0, at),
    () => text.slice(at),
    () => text.slice(0, at) + letter + text.slice(at + 1),
    () => text.slice(0, at) + letter + text.slice(at),
    () => text.slice(0, at) + text.slice(at + 1 + Math.floor(random() * 20)),
    () => text + text.slice(at),
    () => text.toUpperCase(),
  ])();
}

export function mutateBytes(bytes: Uint8Array, random: Random): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes);
  if (random() < 0.3) return copy.slice(0, Math.floor(random() * copy.length));
  for (let flips = 1 + Math.floor(random() * 4); flips > 0; flips--)
    copy[Math.floor(random() * copy.length)]! ^= 1 << Math.floor(random() * 8);
  return copy;
}
