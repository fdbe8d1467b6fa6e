// Test only: a society whose texts are a pure function of what each row is given.
import { hash128 } from '../tasks/hash';
import { taskById } from '../tasks/tasks';
import type { RunConfig } from './config';
import { defaultConfig } from './defaults';
import type { LiveEvent, RunEvent } from './events';
import { emptyRun, type RunStart, type RunState } from './fold';
import type { Generate, TurnError, TurnRequest } from './generate';
import { runDebate, type DebateOptions } from './protocol';

export type Script = (row: TurnRequest) => string | TurnError;

/** Picks an answer around the truth from the draw; critics mostly follow the numbers they read. */
export const noisy: Script = ({ draw, messages }) => {
  const roll = parseInt(hash128(JSON.stringify(draw)).slice(0, 6), 16) / 0xffffff;
  if (draw.role === 'summariser')
    return `Seen: ${[...messages[0]!.content.matchAll(/boxed\{(-?\d+)\}/g)].map(match => match[1]).join(' ')}.`;
  if (roll < 0.1) return 'I cannot say.';
  return `It comes to ${Math.floor(roll * 7)}. So \\boxed{${Math.floor(roll * 7)}}`;
};

/** Reports two pieces of text per row, then the row; rows finish in a scrambled order. */
export function scripted(script: Script, calls: TurnRequest[][] = []): Generate {
  return async (rows, on, signal) => {
    calls.push([...rows]);
    const order = [...rows].sort((x, y) => (hash128(x.id) < hash128(y.id) ? -1 : 1));
    for (const row of order) {
      await Promise.resolve();
      signal.throwIfAborted();
      const text = script(row);
      if (typeof text !== 'string') {
        on({ type: 'failed', id: row.id, error: text });
        continue;
      }
      const ends = [...text.matchAll(/\S+\s*/g)].map(match => match.index + match[0].length);
      on({ type: 'text', id: row.id, text: text.slice(0, ends[0] ?? 0), newTokens: 1 });
      const usage = { promptTokens: row.messages.reduce((sum, { content }) => sum + content.length, 0), newTokens: ends.length, ms: 1 };
      on({ type: 'done', output: { id: row.id, text, finish: 'stop', usage, ends, logprobs: ends.map(() => -0.5) } });
    }
  };
}

export const configOf = (change: Partial<RunConfig> & { agents?: number } = {}): RunConfig => {
  const { agents = 3, ...rest } = change;
  const seats = Array.from({ length: agents }, (_, i) => ({ generator: `g${i}`, critic: `c${i}` }));
  return { ...defaultConfig(), seats, ...rest };
};

export const startOf = (config: RunConfig, count = 4): RunStart => ({
  type: 'run-started',
  schema: 1,
  run: 'test',
  at: '2026-11-21T00:00:00.000Z',
  title: 'Test',
  app: 'test',
  config,
  engine: { base: config.base, modelHash: '', dtype: 'fp32', device: 'cpu', runtime: 'script', parameters: 0 },
  questions: taskById('arithmetic').questions!({ split: 'eval', count, seed: config.seed, difficulty: 'standard' }),
});

export interface Outcome {
  state: RunState;
  events: RunEvent[];
  live: LiveEvent[];
  calls: TurnRequest[][];
}

/** Runs a scripted debate; `events` is its journal. */
export async function debate(
  config: RunConfig,
  script: Script = noisy,
  change: Partial<DebateOptions> & { count?: number } = {},
): Promise<Outcome> {
  const { count, ...options } = change;
  const events: RunEvent[] = [];
  const live: LiveEvent[] = [];
  const calls: TurnRequest[][] = [];
  const state = await runDebate({
    start: startOf(config, count),
    state: emptyRun,
    generate: scripted(script, calls),
    append: async event => void events.push(event),
    emit: event => void live.push(event),
    now: () => '2026-11-21T00:00:01.000Z',
    width: 32,
    signal: new AbortController().signal,
    ...options,
  });
  return { state, events, live, calls };
}
