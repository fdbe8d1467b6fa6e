import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatRoute, parseRoute, screens, type Route } from './route';

describe('routes in the hash', () => {
  it('starts at the debate', () => {
    for (const hash of ['', '#', '#/']) expect(parseRoute(hash)).toEqual({ kind: 'screen', screen: 'debate' });
  });

  it('reads back every route it writes', () => {
    const id = fc.string({ minLength: 1, unit: 'binary' }).filter(text => text.isWellFormed());
    const route: fc.Arbitrary<Route> = fc.oneof(
      fc.constantFrom(...screens).map(screen => ({ kind: 'screen' as const, screen })),
      fc.record({ kind: fc.constant('run' as const), run: id, qid: fc.option(id) }),
      fc.record({ kind: fc.constant('file' as const), url: fc.webUrl() }),
      fc.base64String({ minLength: 1 }).map(data => ({ kind: 'link' as const, fragment: `r1.${data.replace(/[=+/]/g, '')}` })),
    );
    fc.assert(
      fc.property(route, r => {
        expect(parseRoute(formatRoute(r))).toEqual(r);
      }),
    );
  });

  it('keeps the tag of a shared link with it', () => {
    expect(parseRoute('#r1.abc')).toEqual({ kind: 'link', fragment: 'r1.abc' });
    expect(parseRoute('#r2.abc')).toEqual({ kind: 'link', fragment: 'r2.abc' });
  });

  it('never throws, whatever is pasted', () => {
    expect(parseRoute('#run=%E0%A4%A')).toEqual({ kind: 'unknown', hash: 'run=%E0%A4%A' });
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
