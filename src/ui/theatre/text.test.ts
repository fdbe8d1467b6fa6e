import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fixtureRun } from '../../../test/fixtures/run';
import { foldAll } from '../../debate/fold';
import { diffText } from './diff';
import { commandOf, type KeyPress } from './keys';
import { openTurn } from './open-turn';
import { comparable, hiddenAgents, partName, turnBefore } from './prompt-words';
import { tokensByPart } from './prompt-tokens';
import { rebuildPrompt } from '../../debate/prompts';
import { setText } from './set-text';
import { heatTokens, percent, surprise, visible } from './token-heat';

const run = foldAll(fixtureRun().events);
const state = [...run.questions.values()][0]!;
const config = run.start!.config;
const turn = (round: number, agent: number, role = round === 1 ? 'generator' : 'critic') =>
  state.turns.get(`${state.question.qid}/${round}.${agent}.${role}`)!;

describe('setting text', () => {
  const joined = (chunks: ReturnType<typeof setText>) => chunks.flatMap(chunk => chunk.runs.map(piece => piece.text)).join('');

  it('loses and adds nothing, whatever the text, the place and the answer', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 60 }),
        fc.nat(70),
        fc.integer({ min: -3, max: 70 }),
        fc.integer({ min: -3, max: 70 }),
        (text, shown, start, end) => {
          const chunks = setText(text, Math.min(shown, text.length), { key: 'k', start, end });
          expect(joined(chunks)).toBe(text);
          const valid = start >= 0 && start < end && end <= text.length;
          const marked = chunks.flatMap(chunk => chunk.runs.filter(piece => piece.marked).map(piece => piece.text)).join('');
          expect(marked).toBe(valid ? text.slice(start, end) : '');
          const hidden = chunks.flatMap(chunk => chunk.runs.filter(piece => piece.hidden).map(piece => piece.text)).join('');
          expect(hidden).toBe(text.slice(Math.min(shown, text.length)));
        },
      ),
    );
  });

  it('keeps a sum together and leaves prose alone', () => {
    const chunks = setText('Then 24-18=6, so well', 21, null);
    expect(chunks.map(({ whole, runs }) => [whole, runs.map(piece => piece.text).join('')])).toEqual([
      [false, 'Then '],
      [true, '24-18=6,'],
      [false, ' so well'],
    ]);
  });
});

describe('diff of prompts', () => {
  it('can be put together again into both texts', () => {
    const word = fc.constantFrom('a', 'b', 'c ', '\n', '13');
    fc.assert(
      fc.property(fc.array(word, { maxLength: 25 }), fc.array(word, { maxLength: 25 }), (a, b) => {
        const pieces = diffText(a.join(''), b.join(''));
        const side = (left: 'added' | 'removed') =>
          pieces
            .filter(({ kind }) => kind !== left)
            .map(({ text }) => text)
            .join('');
        expect(side('added')).toBe(a.join(''));
        expect(side('removed')).toBe(b.join(''));
      }),
    );
  });
  it('marks the words that changed', () => {
    expect(diffText('one two three', 'one 2 three')).toEqual([
      { kind: 'same', text: 'one ' },
      { kind: 'removed', text: 'two' },
      { kind: 'added', text: '2' },
      { kind: 'same', text: ' three' },
    ]);
  });
  it('does not freeze on very long texts', () => {
    const pieces = diffText('x y '.repeat(5000), 'x z '.repeat(5000));
    expect(pieces.map(({ kind }) => kind)).toEqual(['removed', 'added']);
  });
});

describe('tokens', () => {
  it('are cut at their ends and coloured by probability', () => {
    const tokens = heatTokens({ text: 'ab c', ends: [1, 2, 4], logprobs: [0, Math.log(0.5), Math.log(0.01)] });
    expect(tokens.map(({ text, heat }) => [text, heat])).toEqual([
      ['a', 0],
      ['b', 2],
      [' c', 4],
    ]);
    expect(surprise(tokens)!.nats).toBeCloseTo((0 + Math.log(2) + Math.log(100)) / 3);
  });
  it('of a recording without probabilities claim none', () => {
    const tokens = heatTokens({ text: 'ab', ends: [1], logprobs: [] });
    expect(tokens).toEqual([
      { text: 'a', p: null, heat: 0 },
      { text: 'b', p: null, heat: 0 },
    ]);
    expect(surprise(tokens)).toBeNull();
  });
  it('say percentages and white space', () => {
    expect([percent(0.973), percent(0.0321), percent(0.0004), percent(0)]).toEqual(['97 %', '3.2 %', '0.04 %', '< 0.01 %']);
    expect(visible(' a\n')).toBe('␣a↵');
  });
  it('are counted by the part of the prompt in which they begin', () => {
    const tokens = ['<s>', 'What', ' is', ' it', '?', '<e>'].map(text => ({ text }));
    expect(tokensByPart(tokens, ['What is', ' it?', 'nowhere'])).toEqual({ parts: [2, 2, null], template: 2 });
  });
});

describe('prompts of a turn', () => {
  it('name the sources of what they quote', () => {
    const names = rebuildPrompt(turn(2, 1), state).parts.map(part => partName(part, state));
    expect(names).toContain('own answer, round 1');
    expect(names).toContain('summary made for B, round 2');
    const summary = rebuildPrompt(turn(2, 1, 'summariser'), state).parts.map(part => partName(part, state));
    expect(summary).toEqual(expect.arrayContaining(['answer of A, round 1', 'answer of C, round 1']));
  });
  it('are held against the one before and those of the peers', () => {
    expect(comparable(turn(2, 1), state).map(({ title }) => title)).toEqual(['its own in round 1', 'that of A', 'that of C']);
    expect(comparable(turn(1, 0), state).map(({ title }) => title)).toEqual(['that of B', 'that of C']);
    expect(comparable(turn(2, 1, 'summariser'), state).map(one => one.turn.role)).toEqual(['summariser', 'summariser']);
  });
  it('are known of a turn that failed or is still being spoken, as they would be of the finished one', () => {
    const { id, qid, round, agent, role } = turn(2, 1);
    const turns = new Map(state.turns);
    turns.delete(id);
    const error = { code: 'internal', message: 'It broke.' } as const;
    const failed = openTurn(
      { ...state, turns, failed: new Map([[id, { type: 'turn-failed', id, qid, round, agent, role, error }]]) },
      config,
      id,
    );
    const partial = openTurn(
      { ...state, turns, partial: new Map([[id, { id, qid, round, agent, role, text: 'So', newTokens: 1 }]]) },
      config,
      id,
    );
    expect(failed).toMatchObject({ prompt: turn(2, 1).prompt, draw: turn(2, 1).draw, text: '', error, done: null });
    expect(partial).toMatchObject({ prompt: turn(2, 1).prompt, draw: turn(2, 1).draw, text: 'So', error: null, done: null });
    expect(openTurn(state, config, id)).toMatchObject({ done: turn(2, 1), adapter: null });
    expect(openTurn({ ...state, turns }, config, id)).toBeNull();
  });
  it('know the prompt before, and who was not heard', () => {
    expect(turnBefore(turn(2, 1), state)?.id).toBe(turn(1, 1).id);
    expect(turnBefore(turn(1, 1), state)).toBeNull();
    expect(turnBefore(turn(2, 1, 'summariser'), state)).toBeNull();
    expect(hiddenAgents(turn(2, 1), state, config)).toEqual([]);
    expect(
      hiddenAgents(
        { ...turn(2, 1), prompt: { template: 'builtin/revise', own: [], peers: [turn(1, 0).id], summary: null } },
        state,
        config,
      ),
    ).toEqual([2]);
  });
});

describe('keys', () => {
  const press = (key: string, change: Partial<KeyPress> = {}): KeyPress => ({
    key,
    ctrlKey: false,
    metaKey: false,
    altKey: false,
    ...change,
  });
  it('are ours in the theatre', () => {
    expect([' ', 'ArrowRight', '[', 'ArrowUp', '?'].map(key => commandOf(press(key), 'theatre'))).toEqual([
      'toggle',
      'turn-on',
      'round-back',
      'agent-back',
      'help',
    ]);
  });
  it('are left to fields, buttons, browser shortcuts and scrolling', () => {
    expect(commandOf(press(' '), 'field')).toBeNull();
    expect(commandOf(press(' '), 'button')).toBeNull();
    expect(commandOf(press('ArrowRight'), 'button')).toBe('turn-on');
    expect(commandOf(press('ArrowLeft', { altKey: true }), 'theatre')).toBeNull();
    expect(commandOf(press('ArrowDown'), 'page')).toBeNull();
    expect(commandOf(press(' '), 'elsewhere')).toBeNull();
    expect(commandOf(press('constructor'), 'theatre')).toBeNull();
  });
});
