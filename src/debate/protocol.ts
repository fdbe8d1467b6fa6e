// A debate over many questions: asks for every turn that can be spoken, records each before anything reads it, decides.
import { extractAnswer } from '../tasks/answers';
import { taskById } from '../tasks/tasks';
import type { RunConfig } from './config';
import { voteOf } from './decide';
import type { LiveEvent, PromptRef, RunEvent, Turn } from './events';
import { fold, turnId, type QuestionState, type RunStart, type RunState } from './fold';
import type { Generate, TurnError, TurnOutput, TurnRequest } from './generate';
import { planPrompt, promptHash, renderPrompt } from './prompts';
import { adapterOf, isSpoken, readyTurns, type Speaker } from './schedule';

export interface DebateOptions {
  /** The first event of the run; only used, and recorded, when `state` has not started yet. */
  start: RunStart;
  /** Fold of what is already stored; a resumed run says none of it again. */
  state: RunState;
  generate: Generate;
  /** Resolves once the event is durable. Nothing that depends on a turn starts before that. */
  append: (event: RunEvent) => Promise<void>;
  /** For screens: every event, stored ones after they are durable. */
  emit: (event: LiveEvent) => void;
  /** ISO 8601. */
  now: () => string;
  /** Most rows per call of `generate`. */
  width: number;
  signal: AbortSignal;
}

/** The model side is unusable for every further turn: the run stops where it is and can be resumed. Nothing is recorded as failed. */
export class DebateHalted extends Error {
  override readonly name = 'DebateHalted';
  constructor(readonly fault: TurnError) {
    super(fault.message);
  }
}

// These say nothing about the turn at hand: recording it as failed would only fail every turn of the run the same way.
const halting: readonly TurnError['code'][] = ['auth', 'bad-model', 'aborted', 'device-lost'];
// A device may come back, so that one is repeated first; a prompt that is too long stays too long.
const worthRepeating: readonly TurnError['code'][] = ['device-lost', 'out-of-memory', 'network', 'internal'];

interface Row {
  speaker: Speaker;
  qid: string;
  prompt: PromptRef;
  hash: string;
  request: TurnRequest;
}

function rowOf(config: RunConfig, state: QuestionState, speaker: Speaker): Row {
  const { qid } = state.question;
  const prompt = planPrompt(state, config, speaker);
  const { messages } = renderPrompt(prompt, state);
  const id = turnId(qid, speaker.round, speaker.agent, speaker.role);
  const request: TurnRequest = {
    id,
    messages,
    adapter: adapterOf(config, speaker),
    sampling: speaker.role === 'summariser' ? config.summarySampling : config.sampling,
    // A repeated call keeps its draw, so a failure leaves no trace in the text. `attempt` is for deliberate second samples.
    draw: { seed: config.seed, qid, agent: speaker.agent, role: speaker.role, round: speaker.round, attempt: 0 },
  };
  return { speaker, qid, prompt, hash: promptHash(messages), request };
}

function turnFrom(config: RunConfig, row: Row, task: string, output: TurnOutput): Turn {
  const { round, agent, role } = row.speaker;
  const { text, usage, finish, ends, logprobs } = output;
  return {
    id: row.request.id,
    qid: row.qid,
    round,
    agent,
    role,
    adapter: row.request.adapter,
    prompt: row.prompt,
    promptHash: row.hash,
    draw: row.request.draw,
    text,
    answer: role === 'summariser' ? null : extractAnswer(text, taskById(task).extraction, config.equality, finish === 'stop'),
    usage,
    finish,
    ends,
    // Ten thousandths of a nat are as fine as anybody reads them, and halve the record.
    logprobs: logprobs.map(value => Math.round(value * 1e4) / 1e4 + 0),
  };
}

/**
 * Runs the debate to its end, or continues one.
 * @returns the fold of everything stored
 * @throws the abort reason when `signal` fires (the run can be resumed), {@link DebateHalted} when no turn can succeed, and whatever `append` throws
 */
export async function runDebate(options: DebateOptions): Promise<RunState> {
  const { generate, append, emit, now, width } = options;
  if (!(width >= 1)) throw new RangeError('a call needs room for at least one row');
  let state = options.state;

  const record = async (event: RunEvent): Promise<void> => {
    await append(event);
    state = fold(state, event);
    emit(event);
  };

  options.signal.throwIfAborted();
  if (!state.start) await record(options.start);
  const { config, questions } = state.start!;
  if (!config.seats.length || config.rounds < 1) throw new RangeError('a debate needs at least one agent and one round');

  /** Speaks rows in one call and stores each as it finishes. @returns rows that failed, with the reason */
  async function speak(rows: readonly Row[]): Promise<Map<Row, TurnError>> {
    const byId = new Map(rows.map(row => [row.request.id, row]));
    const failures = new Map<Row, TurnError>();
    const open = new Set(byId.keys());
    // A failed write stops the call: a turn that is not on record may not be followed by another.
    const stop = new AbortController();
    const signal = AbortSignal.any([options.signal, stop.signal]);
    let writes = Promise.resolve();
    const failure = { write: null as { error: unknown } | null };
    const store = (event: RunEvent): void => {
      writes = writes.then(async () => {
        if (failure.write) return;
        try {
          await record(event);
        } catch (error) {
          failure.write = { error };
          stop.abort(error);
        }
      });
    };

    for (const { request, speaker, qid } of rows) emit({ type: 'turn-started', id: request.id, qid, ...speaker });
    let rejected: { error: unknown } | null = null;
    try {
      await generate(
        rows.map(row => row.request),
        update => {
          const id = update.type === 'done' ? update.output.id : update.id;
          const row = byId.get(id);
          if (!row || !open.has(id)) return;
          if (update.type === 'text') return emit({ ...update, type: 'turn-text' });
          open.delete(id);
          if (update.type === 'failed') failures.set(row, update.error);
          else store({ type: 'turn', turn: turnFrom(config, row, taskOf(row.qid), update.output) });
        },
        signal,
      );
    } catch (error) {
      rejected = { error };
    }
    // What finished before an abort or a crash is kept.
    await writes;
    if (failure.write) throw failure.write.error;
    options.signal.throwIfAborted();
    if (rejected) throw rejected.error;
    if (open.size) throw new Error(`the engine resolved without reporting ${[...open].join(', ')}`);
    return failures;
  }

  const taskOf = (qid: string): string => state.questions.get(qid)!.question.task;

  /** Repeats what failed, unchanged, at most `config.retries` times; then records it as failed. */
  async function speakOrRecord(rows: readonly Row[]): Promise<void> {
    let left = rows;
    for (let attempt = 0; left.length; attempt++) {
      const failures = await speak(left);
      const again: Row[] = [];
      for (const [row, error] of failures) {
        if (attempt < config.retries && worthRepeating.includes(error.code)) again.push(row);
        else if (halting.includes(error.code)) throw new DebateHalted(error);
        else await record({ type: 'turn-failed', id: row.request.id, qid: row.qid, ...row.speaker, error });
      }
      left = again;
    }
  }

  let waiting = questions.map(({ qid }) => qid);
  while (waiting.length) {
    // Questions in order, so that the first ones finish first.
    const rows: Row[] = [];
    const undecided: string[] = [];
    for (const qid of waiting) {
      const question = state.questions.get(qid)!;
      if (question.vote) continue;
      if (isSpoken(config, question)) {
        await record({ type: 'decided', vote: voteOf(config, question, config.rounds)! });
        continue;
      }
      undecided.push(qid);
      for (const speaker of readyTurns(config, question)) {
        if (rows.length >= width) break;
        rows.push(rowOf(config, question, speaker));
      }
    }
    waiting = undecided;
    options.signal.throwIfAborted();
    if (rows.length) await speakOrRecord(rows);
    else if (waiting.length) throw new Error(`no turn of ${waiting[0]} can be spoken`);
  }
  if (!state.finished) await record({ type: 'run-finished', at: now() });
  return state;
}
