// Geometry of the answer flow: rounds from left to right, answers stacked, one ribbon an agent.
import type { QuestionState } from '../../debate/fold';
import { saidInRound } from './cells';

export interface FlowNode {
  round: number;
  /** null = no answer. */
  key: string | null;
  agents: number[];
  x: number;
  y: number;
  height: number;
}

export interface FlowRibbon {
  agent: number;
  /** From this round to the next. */
  round: number;
  from: string | null;
  to: string | null;
  path: string;
  /** Middle of the ribbon at its start and end. */
  start: { x: number; y: number };
  end: { x: number; y: number };
}

export interface FlowLayout {
  width: number;
  height: number;
  nodes: FlowNode[];
  ribbons: FlowRibbon[];
  /** Width of a node's bar. */
  bar: number;
  /** Thickness of one agent. */
  unit: number;
  columns: number[];
}

export interface FlowSize {
  width: number;
  unit: number;
  /** Room above each node for its label. */
  label: number;
  bar: number;
  side: number;
  top: number;
}

export const flowSize = (agents: number, rounds: number): FlowSize => ({
  width: Math.max(260, rounds * 96),
  unit: agents > 5 ? 13 : 15,
  label: 20,
  bar: 8,
  side: 30,
  top: 22,
});

/**
 * Places of all answers given so far. Within a column answers stand in the order of their tints, those without an answer last;
 * within a node agents stand in order, so two ribbons cross only where agents truly part.
 */
export function layoutFlow(
  state: QuestionState,
  agents: number,
  rounds: number,
  tints: ReadonlyMap<string, number>,
  size: FlowSize = flowSize(agents, rounds),
): FlowLayout {
  const order = [...tints.keys()];
  const rank = (key: string | null): number => (key === null ? Infinity : order.indexOf(key));
  const { width, unit, label, bar, side, top } = size;
  const columns = Array.from({ length: rounds }, (_, r) =>
    rounds === 1 ? width / 2 : side + ((width - 2 * side - bar) * r) / (rounds - 1),
  );
  const nodes: FlowNode[] = [];
  /** [round][agent] → the agent's place within its node, or null while it has not answered. */
  const places: ({ node: FlowNode; y: number } | null)[][] = [];
  let height = 0;

  columns.forEach((x, r) => {
    const answers = saidInRound(state, r + 1, agents);
    const groups = new Map<string | null, number[]>();
    answers.forEach((answer, agent) => {
      if (answer.kind === 'waiting') return;
      const key = answer.kind === 'key' ? answer.key : null;
      groups.set(key, [...(groups.get(key) ?? []), agent]);
    });
    const here: ({ node: FlowNode; y: number } | null)[] = answers.map(() => null);
    let y = top;
    for (const [key, holders] of [...groups].sort(([a], [b]) => rank(a) - rank(b))) {
      y += label;
      const node: FlowNode = { round: r + 1, key, agents: holders, x, y, height: holders.length * unit };
      nodes.push(node);
      holders.forEach((agent, i) => (here[agent] = { node, y: y + i * unit }));
      y += node.height + 4;
    }
    height = Math.max(height, y);
    places.push(here);
  });

  const ribbons: FlowRibbon[] = [];
  for (let r = 0; r + 1 < rounds; r++)
    for (let agent = 0; agent < agents; agent++) {
      const [from, to] = [places[r]![agent], places[r + 1]![agent]];
      if (!from || !to) continue;
      const [x1, x2] = [from.node.x + bar, to.node.x];
      const mid = (x1 + x2) / 2;
      const [a, b] = [from.y + 0.75, to.y + 0.75];
      const thick = unit - 1.5;
      ribbons.push({
        agent,
        round: r + 1,
        from: from.node.key,
        to: to.node.key,
        path: `M${x1} ${a}C${mid} ${a} ${mid} ${b} ${x2} ${b}v${thick}C${mid} ${b + thick} ${mid} ${a + thick} ${x1} ${a + thick}Z`,
        start: { x: x1, y: from.y + unit / 2 },
        end: { x: x2, y: to.y + unit / 2 },
      });
    }
  return { width, height: Math.max(height + 4, top + label + unit * agents + 8), nodes, ribbons, bar, unit, columns };
}
