import { describe, expect, it } from 'vitest';
import { collectSets } from '../../../datasets/collect';
import { datasetDefaults } from '../../../datasets/records';
import { configOf, debate, noisy, startOf, type Script } from '../../../debate/scripted.fixture';
import { auditLabels } from '../../../metrics/audit';
import { measures } from '../../../metrics/measure';
import { heldOutNll } from '../../../metrics/nll';
import type { Series } from '../chart/series';
import { diversityPlan, type DiversityId } from '../diversity';
import { diversityRows, sorted } from './diversity-rows';
import { labelFilters, labelPasses, labelRows } from './label-rows';
import { markOf, toggled } from './opened';
import { setRowsOf } from './set-rows';

const truths = new Map(startOf(configOf(), 8).questions.map(({ qid, truth }) => [qid, truth!]));
const qids = [...truths.keys()];
/** Right, wrong, tied and unreadable questions, in turn. */
const mixed: Script = ({ draw }) => {
  if (draw.role === 'summariser') return 'Summary.';
  const kind = qids.indexOf(draw.qid) % 4;
  if (kind === 3) return 'I cannot say.';
  if (kind === 2) return `So \\boxed{${90000 + draw.agent}}`;
  return `So \\boxed{${kind === 0 ? truths.get(draw.qid) : 99999}}`;
};

const mean = (values: readonly (number | null)[]): number => {
  const known = values.filter(value => value !== null);
  return known.reduce((sum, value) => sum + value, 0) / known.length;
};

describe('rows behind a point of a diversity chart', () => {
  it('average to the point, on every line of every chart', async () => {
    const { state } = await debate(configOf(), noisy, { count: 8 });
    const { requests, fold } = heldOutNll(state, 5);
    const nll = fold(requests.map((_, i) => [-1 - i / 10, -2]));
    const point = { ...measures(state), nll };
    for (const id of ['answers', 'consensus', 'distance', 'strategies', 'nll'] satisfies DiversityId[])
      for (const line of diversityPlan(id).lines) {
        const rows = diversityRows(state, id, line, nll, 5);
        const { mean: wanted, n } = line.read(point)!;
        expect([line.id, rows.filter(({ value }) => value !== null).length]).toEqual([line.id, n]);
        expect(mean(rows.map(({ value }) => value))).toBeCloseTo(wanted!, 12);
        for (const { said } of rows) expect(said).toHaveLength(3);
      }
  });

  it('name the questions that were scored where a loop kept the mean of the surprise alone', async () => {
    const { state } = await debate(configOf(), noisy, { count: 8 });
    const line = diversityPlan('nll').lines[0]!;
    const { rows: _, ...means } = heldOutNll(state, 0).fold([]);
    const rows = diversityRows(state, 'nll', line, means, 3);
    expect(rows.map(({ qid, value }) => [qid, value])).toEqual(qids.slice(0, 3).map(qid => [qid, null]));
  });

  it('can be put in order; what has no figure stands last', () => {
    const rows = [2, null, 1].map((value, i) => ({ qid: String(i), text: '', truth: null, said: [], value }));
    const order = (by: 'asked' | 'least' | 'most') => sorted(rows, by).map(({ value }) => value);
    expect([order('asked'), order('least'), order('most')]).toEqual([
      [2, null, 1],
      [1, 2, null],
      [2, 1, null],
    ]);
  });
});

describe('rows behind the labels', () => {
  it('are the audit, question by question, and say why there is no label', async () => {
    const { state } = await debate(configOf(), mixed, { count: 8 });
    const rows = labelRows(state);
    const { accepted, right } = auditLabels(state, []);
    const counts = Object.fromEntries(labelFilters.map(filter => [filter, rows.filter(row => labelPasses(row, filter)).length]));
    expect(counts).toEqual({ all: 8, accepted: accepted.k, right: right.k, wrong: right.n - right.k, none: 8 - accepted.k });
    expect(counts).toMatchObject({ right: 2, wrong: 2, none: 4 });
    expect(rows[0]).toMatchObject({ votes: [{ key: truths.get(qids[0]!), count: 3 }], reason: '', right: true });
    expect(rows[2]).toMatchObject({ label: null, reason: 'no answer has enough votes', right: null });
    expect(rows[3]).toMatchObject({ votes: [], unparsed: 3, reason: 'no agent gave a readable answer' });
  });
});

describe('rows behind the size of a set', () => {
  it('are those of the set, with what is learnt and what it was kept for', async () => {
    const { state } = await debate(configOf(), mixed, { count: 8 });
    const sets = await collectSets(state, { ...datasetDefaults, criticOnEmpty: 'other' }, { iteration: 1 });
    for (const set of sets) {
      const rows = setRowsOf(set, state);
      expect(rows).toHaveLength(set.header.size);
      for (const row of rows) {
        expect(row.target).toContain(`boxed{${row.answer}}`);
        expect(row).toMatchObject({ truth: truths.get(row.qid), question: state.questions.get(row.qid)!.question.text });
      }
    }
    expect(sets.some(({ rows }) => rows.length > 0)).toBe(true);
  });
});

it('a point chosen again closes; a point that is not drawn has no mark', () => {
  const point = { figure: 'labels', iteration: 1, line: 'right' } as const;
  expect(toggled(null, point)).toBe(point);
  expect(toggled({ ...point }, point)).toBeNull();
  expect(toggled({ ...point, iteration: 2 }, point)).toBe(point);
  const line = { id: 'right', title: '', colour: '', dash: null, shape: 0, points: [{ x: 2, y: 1, low: null, high: null, words: '' }] };
  const series: Series[] = [{ ...line, id: 'accepted', points: [] }, line];
  expect([markOf(series, 'right', 2), markOf(series, 'right', 1), markOf(series, 'none', 2)]).toEqual([
    { series: 1, point: 0 },
    null,
    null,
  ]);
});
