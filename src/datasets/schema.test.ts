import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { configOf, debate, noisy } from '../debate/scripted.fixture';
import { collectSets } from './collect';
import { excludeRows } from './edit';
import { importedSet } from './import';
import { datasetDefaults } from './records';
import { parseTrainingSet } from './schema';
import { isIntact } from './seal';

const society = debate(configOf({ minVotes: 1, tieTrain: 'random' }), noisy, { count: 30 }).then(({ state }) =>
  collectSets(state, { ...datasetDefaults, criticSize: 'all' }, { iteration: 1 }),
);
const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

describe('sets from elsewhere', () => {
  it('survive JSON, and unknown fields are dropped', async () => {
    for (const set of await society) {
      expect(parseTrainingSet(copy(set))).toEqual(set);
      expect(parseTrainingSet({ ...copy(set), extra: 1, header: { ...set.header, more: {} } })).toEqual(set);
    }
    const imported = importedSet('x.jsonl', 'generator', 0, [
      [
        { role: 'user', content: 'q' },
        { role: 'assistant', content: 'a' },
      ],
    ]);
    expect(parseTrainingSet(copy(imported))).toEqual(imported);
  });

  it('a row that was changed, added, lost or renamed is noticed', async () => {
    const set = (await society).find(({ header }) => header.size > 2)!;
    const changes: ((x: typeof set) => void)[] = [
      x => (x.rows[0]!.messages[0]!.content += ' '),
      x => void x.rows.push(x.rows[0]!),
      x => void x.rows.pop(),
      x => (x.rows[0]!.hash = '0'.repeat(32)),
      x => (x.rows[0]!.from = []),
      x => (x.header.size += 1),
      x => (x.header.sha256 = 'f'.repeat(64)),
    ];
    for (const change of changes) {
      const other = copy(set);
      change(other);
      expect(() => parseTrainingSet(other)).toThrow();
    }
  });

  it('hostile values give an error and nothing else', async () => {
    const set = (await society).find(({ header }) => header.size > 0)!;
    const paths = [
      'header',
      'rows',
      'header.discarded',
      'header.selection',
      'header.agent',
      'rows.0',
      'rows.0.messages',
      'rows.0.messages.0.role',
    ];
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.jsonValue(), (path, value) => {
        const bad = copy(set) as unknown as Record<string, unknown>;
        const keys = path.split('.');
        const parent = keys.slice(0, -1).reduce((at, key) => at[key] as Record<string, unknown>, bad);
        parent[keys.at(-1)!] = value;
        try {
          expect(isIntact(parseTrainingSet(bad))).toBe(true);
        } catch (error) {
          expect(['ValiError', 'RangeError']).toContain((error as Error).name);
        }
      }),
    );
    const polluted = JSON.parse(JSON.stringify(set).replace('"discarded":{', '"discarded":{"__proto__":1,')) as unknown;
    expect(Object.getPrototypeOf(parseTrainingSet(polluted).header.discarded)).toBe(Object.prototype);
  });
});

describe('rows taken out by hand', () => {
  it('make a set of their own that names what is gone and where it was', async () => {
    const whole = (await society).find(({ header }) => header.role === 'critic' && header.minus > 0 && header.plus > 1)!;
    const gone = whole.rows.filter(({ kind }) => kind === 'corrected').map(({ hash }) => hash);
    const edited = excludeRows(whole, gone);
    expect(edited.header).toMatchObject({
      size: whole.header.plus,
      minus: 0,
      plus: whole.header.plus,
      wRealised: 0,
      edited: gone,
      original: whole.header.sha256,
      skipped: null,
    });
    expect(edited.header.sha256).not.toBe(whole.header.sha256);
    expect(parseTrainingSet(copy(edited))).toEqual(edited);
    expect(excludeRows(whole, [])).toBe(whole);
    expect(excludeRows(whole, ['0'.repeat(32)])).toBe(whole);
    const [first, second] = whole.rows.map(({ hash }) => hash);
    const twice = excludeRows(excludeRows(whole, [first!]), [second!]);
    expect(twice).toEqual(excludeRows(whole, [first!, second!]));
    const none = excludeRows(
      whole,
      whole.rows.map(({ hash }) => hash),
    );
    expect(none.header).toMatchObject({ size: 0, wRealised: null, skipped: 'every row was taken out by hand' });
  });
});
