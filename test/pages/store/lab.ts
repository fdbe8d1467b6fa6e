// What a test may do in the page: the real store, and a debate whose agents speak by script.
import { defaultConfig } from '../../../src/debate/defaults';
import type { RunEvent } from '../../../src/debate/events';
import { emptyRun, foldAll, type RunStart } from '../../../src/debate/fold';
import type { Generate, TurnOutput, TurnRequest } from '../../../src/debate/generate';
import { runDebate } from '../../../src/debate/protocol';
import { ShareError } from '../../../src/share/errors';
import { encodeRunFile } from '../../../src/share/file';
import { encodeLink } from '../../../src/share/link';
import { openForeign } from '../../../src/share/open';
import { decodeLoopFile, encodeLoopFile } from '../../../src/share/loopFile';
import { createEngineLock } from '../../../src/store/engineLock';
import { StoreError } from '../../../src/store/errors';
import { importRun, planImport } from '../../../src/store/import';
import { importLoop, planLoopImport } from '../../../src/store/import-loop';
import { requestPersistence, storageMeter } from '../../../src/store/persist';
import { openSecrets } from '../../../src/store/secrets';
import { openStore, type RunStore } from '../../../src/store/store';
import * as loops from './loops';

export interface DebatePlan {
  run: string;
  questions: number;
  agents: number;
  rounds: number;
  /** Milliseconds between the tokens of a row. */
  pace: number;
  width: number;
}

export function startOf({ run, questions, agents, rounds }: DebatePlan): RunStart {
  const config = { ...defaultConfig(), rounds, seats: Array.from({ length: agents }, () => ({ generator: null, critic: null })) };
  return {
    type: 'run-started',
    schema: 1,
    run,
    at: '2026-11-21T06:30:00.000Z',
    title: `Scripted ${run}`,
    app: 'polylogue test',
    config,
    engine: { base: config.base, modelHash: 'scripted', dtype: 'fp32', device: 'cpu', runtime: 'script', parameters: 0 },
    questions: Array.from({ length: questions }, (_, i) => {
      const text = `What is ${i + 1}+2*3+4-5*1?`;
      return {
        qid: `arithmetic:${i + 1}+2*3+4-5*1`,
        task: 'arithmetic',
        split: 'eval' as const,
        text,
        textHash: String(i),
        truth: String(i + 6),
        difficulty: 'standard',
      };
    }),
  };
}

const rest = (ms: number) => new Promise(done => setTimeout(done, ms));

/** A text that is a function of the draw alone, as a real engine's is. */
function script({ id, draw, messages }: TurnRequest): TurnOutput {
  const read = messages.reduce((sum, { content }) => sum + content.length, 0);
  const value = (draw.agent * 7 + draw.round * 3 + draw.qid.length + read) % 10;
  const text = `Agent ${draw.agent} in round ${draw.round} as ${draw.role} read ${read} characters. So \\boxed{${value}}`;
  const ends = Array.from({ length: 8 }, (_, i) => Math.ceil(((i + 1) * text.length) / 8));
  return { id, text, finish: 'stop', usage: { promptTokens: read, newTokens: 8, ms: 1 }, ends, logprobs: ends.map(end => -end / 100) };
}

/** Rows end after different numbers of tokens, so that at most moments some turns are done and some are in flight. */
export const scripted =
  (pace: number, asked: (ids: string[]) => void): Generate =>
  async (rows, on, signal) => {
    const outputs = rows.map(script);
    asked(rows.map(({ id }) => id));
    await Promise.all(
      outputs.map(async (output, row) => {
        const tokens = output.ends.length + (row % 3) * 3;
        for (let token = 0; token < tokens; token++) {
          await rest(pace);
          signal.throwIfAborted();
        }
        on({ type: 'done', output });
      }),
    );
  };

/** What a page tells its test while it lives: the turns it asks for, and how many events were acknowledged as durable. */
export interface Report {
  asked(ids: string[]): void;
  stored(events: number): void;
}

/** Starts the run or continues it from the record, exactly as the product does. @returns ids of the turns that were asked for */
export async function debate(store: RunStore, plan: DebatePlan, report?: Report): Promise<string[]> {
  const known = (await store.listRuns()).some(({ run }) => run === plan.run);
  const start = startOf(plan);
  const state = known ? foldAll((await store.readRun(plan.run)).events) : emptyRun;
  const calls: string[] = [];
  const append = async (event: RunEvent): Promise<void> => {
    const { seq, durable } = event.type === 'run-started' ? await store.createRun(event) : await store.append(plan.run, event);
    if (durable) report?.stored(seq + 1);
  };
  await runDebate({
    start,
    state,
    generate: scripted(plan.pace, ids => {
      calls.push(...ids);
      report?.asked(ids);
    }),
    append,
    emit: () => undefined,
    now: () => '2026-11-21T07:00:00.000Z',
    width: plan.width,
    signal: new AbortController().signal,
  });
  return calls;
}

/** A killed page's locks are freed a moment after its death; a person who clicks "resume" comes later than that. */
export async function resume(store: RunStore, plan: DebatePlan, report: Report): Promise<void> {
  if ((await store.listRuns()).some(({ run }) => run === plan.run)) {
    for (let wait = 0; (await outcome(() => store.claim(plan.run))) === 'busy'; wait++) {
      if (wait > 400) throw new Error('a dead page still holds the run');
      await rest(25);
    }
  }
  await debate(store, plan, report);
}

/** The code of a store error, or what else happened: what a test can compare across the border of the page. */
export const outcome = async (work: () => Promise<unknown>): Promise<string> => {
  try {
    await work();
    return 'ok';
  } catch (error) {
    return error instanceof StoreError ? error.code : `not a store error: ${String(error)}`;
  }
};

/** How a run from elsewhere opened: what it was found to be, the code of its error, or what else happened. */
export const opened = async (source: string | Uint8Array<ArrayBuffer>): Promise<string> => {
  try {
    return (await openForeign(source)).edited;
  } catch (error) {
    return error instanceof ShareError ? error.code : `not a share error: ${String(error)}`;
  }
};

export const lab = {
  ...loops,
  openSecrets,
  planLoopImport,
  importLoop,
  encodeLoopFile,
  decodeLoopFile,
  encodeLink,
  encodeRunFile,
  openForeign,
  opened,
  openStore,
  planImport,
  importRun,
  createEngineLock,
  requestPersistence,
  storageMeter,
  startOf,
  debate,
  resume,
  outcome,
};
export type Lab = typeof lab;
