import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseHash, turnSuffix } from './parseHash';

test('a fragment says what it asks for', () => {
  expect(['', '#', '#/'].map(parseHash)).toEqual([{ kind: 'none' }, { kind: 'none' }, { kind: 'none' }]);
  expect(parseHash('#r1.abc-_')).toEqual({ kind: 'link', fragment: 'r1.abc-_', view: {} });
  expect(parseHash('#r1.abc&turn=2.0.critic&x=1')).toEqual({ kind: 'link', fragment: 'r1.abc', view: { turn: '2.0.critic' } });
  expect(parseHash(`#r1.abc${turnSuffix({ id: 'q/1/2.0.critic', qid: 'q/1' })}`)).toMatchObject({ view: { turn: '2.0.critic' } });
  for (const end of ['.', ').', '>,', '…', ' '])
    expect([parseHash(`#r1.ab-_${end}`), parseHash(`#r1.ab-_&turn=2.0.critic${end}`)]).toMatchObject([
      { kind: 'link', fragment: 'r1.ab-_' },
      { kind: 'link', fragment: 'r1.ab-_', view: { turn: '2.0.critic' } },
    ]);
  expect(parseHash('#r9.abc')).toMatchObject({ kind: 'link', fragment: 'r9.abc' });
  expect(parseHash('#run=https%3A%2F%2Fa.example%2Fx.run.json&question=q1')).toEqual({
    kind: 'run-url',
    url: 'https://a.example/x.run.json',
    view: { question: 'q1' },
  });
  expect(parseHash('#run=x.json&question=q1&turn=2.0.critic')).toMatchObject({ view: { question: 'q1', turn: '2.0.critic' } });
  expect(parseHash('#turn=1')).toEqual({ kind: 'unknown', text: 'turn=1' });
  expect(parseHash('#run=%E0%A4%A')).toMatchObject({ kind: 'unknown' });
  expect(parseHash(`#run=${'x'.repeat(5000)}`)).toMatchObject({ kind: 'unknown' });
});

test('ids are capped, and nothing pasted makes it throw', () => {
  const { view } = parseHash(`#r1.abc&question=${'q'.repeat(9999)}`) as { view: { question: string } };
  expect(view.question).toHaveLength(200);
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), text => {
      expect(['none', 'link', 'run-url', 'recipe', 'unknown']).toContain(parseHash(text).kind);
    }),
  );
});
