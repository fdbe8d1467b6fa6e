import { describe, expect, it } from 'vitest';
import { fixtureRun } from '../../../test/fixtures/run';
import type { RunEvent } from '../../debate/events';
import { emptyRun, fold, foldAll, type QuestionState } from '../../debate/fold';
import { announceTurn, announceVote, hear, listen, type Hearing } from './announce';

const { events } = fixtureRun();
const first = (run = foldAll(events)): QuestionState => [...run.questions.values()][0]!;
const whole = first();
const start = first(foldAll(events.slice(0, 1)));
const texts = (hearing: Hearing): string[] => hearing.lines.map(line => line.text);
const all = [
  'Agent A answers 13.',
  'Agent B answers 33.',
  'Agent C gives no answer.',
  'Agent A answers 13.',
  'Agent B answers 13.',
  'Agent C answers 33.',
  'Decided: 13, right.',
];

/** Hears the run with so many events in each frame. */
function heardBy(list: readonly RunEvent[], frame: number): Hearing {
  let run = emptyRun;
  let hearing = listen(start);
  for (let at = 0; at < list.length; at += frame) {
    run = list.slice(at, at + frame).reduce(fold, run);
    hearing = hear(hearing, first(run), 3, 2);
  }
  return hearing;
}

describe('what ears are told', () => {
  it('is each answer and the decision once, however many events a frame brings', () => {
    for (let frame = 1; frame <= events.length; frame++) expect(texts(heardBy(events, frame))).toEqual(all);
  });

  it('has ids that only grow, and lines that stay what they were', () => {
    let hearing = listen(start);
    const seen = new Map<number, string>();
    for (let played = 0; played < 40; played++) {
      hearing = hear(hear(hearing, whole, 3, 2), start, 3, 2, true);
      const ids = hearing.lines.map(line => line.id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids).toEqual([...ids].sort((a, b) => a - b));
      for (const { id, text } of hearing.lines) expect(seen.get(id) ?? text).toBe(text);
      for (const { id, text } of hearing.lines) seen.set(id, text);
    }
    expect([...seen.values()]).toEqual(Array.from({ length: 40 }, () => all).flat());
    expect(hearing.lines.length).toBeLessThan(100);
  });

  it('is nothing when a reader moves the view, and only what is new after that', () => {
    const round1 = { ...start, turns: new Map([...whole.turns].slice(0, 3)) };
    const jumped = hear(listen(start), round1, 3, 2, true);
    expect(texts(jumped)).toEqual([]);
    expect(texts(hear(jumped, whole, 3, 2))).toEqual(all.slice(3));
    expect(texts(hear(listen(whole), start, 3, 2))).toEqual([]);
  });

  it('tells answers, missing answers, failures and the decision apart', () => {
    expect(announceTurn(1, { kind: 'key', key: '42' })).toBe('Agent B answers 42.');
    expect(announceTurn(1, { kind: 'none', failed: false })).toBe('Agent B gives no answer.');
    expect(announceTurn(1, { kind: 'none', failed: true })).toBe('Agent B failed.');
    expect(announceTurn(1, { kind: 'waiting' })).toBeNull();
    expect(announceVote({ ...whole, vote: { ...whole.vote!, winner: null } })).toBe('No decision.');
    expect(announceVote({ ...whole, question: { ...whole.question, truth: null } })).toBe('Decided: 13.');
  });
});
