import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatRoute, parseRoute, routeScreen, screens, type Route } from './route';

describe('routes in the hash', () => {
  it('starts at the debate', () => {
    for (const hash of ['', '#', '#/']) expect(parseRoute(hash)).toEqual({ kind: 'screen', screen: 'debate' });
  });

  it('reads back every route it writes', () => {
    const id = fc.string({ minLength: 1, unit: 'binary' }).filter(text => text.isWellFormed());
    const route: fc.Arbitrary<Route> = fc.oneof(
      fc.constantFrom(...screens).map(screen => ({ kind: 'screen' as const, screen })),
      fc.record({ kind: fc.constant('run' as const), run: id, qid: fc.option(id) }),
      fc.record({ kind: fc.constant('run' as const), run: id, qid: id, turn: id }),
      fc.record({ kind: fc.constant('loop' as const), loop: id }),
      fc.record({ kind: fc.constant('set' as const), set: id, row: fc.option(id) }),
      fc
        .constantFrom('r1.abc', 'r9.x&round=2', 'run=https%3A%2F%2Fx.example%2Fa.json&question=q')
        .map(hash => ({ kind: 'shared' as const, hash })),
    );
    fc.assert(
      fc.property(route, r => {
        expect(parseRoute(formatRoute(r))).toEqual(r);
      }),
    );
  });

  it('keeps the tag of a shared link with it', () => {
    expect(parseRoute('#r1.abc')).toEqual({ kind: 'shared', hash: 'r1.abc' });
    expect(parseRoute('#r2.abc')).toEqual({ kind: 'shared', hash: 'r2.abc' });
  });

  it('names the entry of the navigation that a place belongs to', () => {
    const entry = (hash: string): string | null => routeScreen(parseRoute(hash));
    expect(['#/loop', '#/loop/gentle', '#/data', '#/data/abc/def', '#/runs/x'].map(entry)).toEqual([
      'loop',
      'loop',
      'data',
      'data',
      'runs',
    ]);
    expect(parseRoute('#/runs/x/q/2.0.critic')).toEqual({ kind: 'run', run: 'x', qid: 'q', turn: '2.0.critic' });
    expect(parseRoute('#/runs/x/q/2.0.critic/more').kind).toBe('unknown');
    expect(parseRoute('#/loop/gentle/more')).toEqual({ kind: 'unknown', hash: '/loop/gentle/more' });
    expect(entry('#/nowhere')).toBeNull();
  });

  it('never throws, whatever is pasted', () => {
    expect(parseRoute('#/runs/%E0%A4%A')).toEqual({ kind: 'unknown', hash: '/runs/%E0%A4%A' });
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        expect(parseRoute(`#${text}`).kind).toBeTypeOf('string');
      }),
    );
    fc.assert(
      fc.property(fc.string(), text => {
        expect(parseRoute(`#/${text}`).kind).toBeTypeOf('string');
      }),
    );
  });
});
