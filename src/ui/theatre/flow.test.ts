import { describe, expect, it } from 'vitest';
import { fixtureRun, randomScript, story } from '../../../test/fixtures/run';
import { foldAll } from '../../debate/fold';
import { answer } from '../../tasks/arithmetic/problem';
import { flowSize, layoutFlow } from './flow-layout';
import { csvField, flowCsv, flowTitle, ribbonWords } from './flow-words';
import { answerTints } from './tints';

function flow(agents = 3, rounds = 2, seed?: number) {
  const script = seed === undefined ? story.script : randomScript(agents, rounds, answer(story.problem), seed);
  const state = [...foldAll(fixtureRun(story.problem, script).events).questions.values()][0]!;
  return { state, layout: layoutFlow(state, agents, rounds, answerTints(state, agents, rounds)) };
}

describe('layout', () => {
  it('gives every agent one place a round and one ribbon between rounds', () => {
    const { layout } = flow(8, 5, 11);
    for (let round = 1; round <= 5; round++)
      expect(
        layout.nodes
          .filter(node => node.round === round)
          .flatMap(node => node.agents)
          .sort(),
      ).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(layout.ribbons).toHaveLength(8 * 4);
  });

  it('never lets two nodes of a round overlap, and stays inside its frame', () => {
    const { layout } = flow(8, 5, 2);
    const { label } = flowSize(8, 5);
    for (const node of layout.nodes) {
      expect(node.x).toBeGreaterThanOrEqual(0);
      expect(node.x + layout.bar).toBeLessThanOrEqual(layout.width);
      expect(node.y + node.height).toBeLessThanOrEqual(layout.height);
      for (const other of layout.nodes)
        if (other !== node && other.round === node.round && other.y > node.y)
          expect(other.y - label).toBeGreaterThanOrEqual(node.y + node.height);
    }
  });

  it('puts the winner on top and the unparsed at the bottom', () => {
    const first = flow().layout.nodes.filter(node => node.round === 1);
    expect(first.map(node => node.key)).toEqual(['13', '33', null]);
  });

  it('draws a single round without ribbons', () => {
    const { layout } = flow(4, 1, 1);
    expect(layout.ribbons).toEqual([]);
    expect(layout.columns).toEqual([layout.width / 2]);
  });
});

describe('in words', () => {
  it('has a title sentence', () => {
    expect(flowTitle(flow().state, 3, 2)).toBe('B went from 33 to 13, C went from no answer to 33; A held.');
  });
  it('says so when nobody moved', () => {
    const calm = [
      ...foldAll(
        fixtureRun(story.problem, [
          [13, 13],
          [13, 13],
        ]).events,
      ).questions.values(),
    ][0]!;
    expect(flowTitle(calm, 2, 2)).toBe('Nobody changed: A and B kept their answers.');
    expect(flowTitle(flow(3, 1, 1).state, 3, 1)).toBe('One round: nobody could change.');
  });
  it('speaks each ribbon', () => {
    const ribbon = flow().layout.ribbons.find(({ agent }) => agent === 1)!;
    expect(ribbonWords(ribbon, '13', ', after reading the others')).toBe(
      'Agent B changed from 33 (wrong) in round 1 to 13 (right) in round 2, after reading the others.',
    );
  });
  it('goes into a spreadsheet without becoming a formula', () => {
    expect(flowCsv(flow().state, 3, 2)).toBe('agent,round 1,round 2\r\nA,13,13\r\nB,33,13\r\nC,∅,33');
    expect([csvField('=1+1'), csvField('a,"b"'), csvField('-13'), csvField('-x')]).toEqual(["'=1+1", '"a,""b"""', '-13', "'-x"]);
  });
});
