// What a question has cost so far, by agent and in all.
import type { QuestionState } from '../../debate/fold';
import type { Role } from '../../debate/generate';

export interface LedgerRow {
  agent: number;
  role: Role;
  round: number;
  promptTokens: number;
  newTokens: number;
  ms: number;
  failed: boolean;
}

export interface QuestionLedger {
  rows: LedgerRow[];
  calls: number;
  promptTokens: number;
  newTokens: number;
  failed: number;
  /** Milliseconds with the turns of one step (same round and role) side by side: the slowest of each step, summed. */
  ms: number;
}

export function ledgerOf(state: QuestionState): QuestionLedger {
  const rows: LedgerRow[] = [...state.turns.values()].map(({ agent, role, round, usage }) => ({
    agent,
    role,
    round,
    ...usage,
    failed: false,
  }));
  for (const { agent, role, round } of state.failed.values())
    rows.push({ agent, role, round, promptTokens: 0, newTokens: 0, ms: 0, failed: true });
  const steps = new Map<string, number>();
  for (const { round, role, ms } of rows) steps.set(`${round} ${role}`, Math.max(steps.get(`${round} ${role}`) ?? 0, ms));
  const sum = (of: (row: LedgerRow) => number) => rows.reduce((total, row) => total + of(row), 0);
  return {
    rows: rows.sort((a, b) => a.round - b.round || Number(b.role === 'summariser') - Number(a.role === 'summariser') || a.agent - b.agent),
    calls: rows.length,
    promptTokens: sum(row => row.promptTokens),
    newTokens: sum(row => row.newTokens),
    failed: sum(row => Number(row.failed)),
    ms: [...steps.values()].reduce((a, b) => a + b, 0),
  };
}
