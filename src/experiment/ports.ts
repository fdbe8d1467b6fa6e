// Everything the loop needs from outside: page, command line and tests each pass their own.
import type { Tuned, TuneOrder, TuneUpdate } from '../datasets/order';
import type { AgentName, TrainingSet } from '../datasets/records';
import type { RunConfig } from '../debate/config';
import type { Message } from '../debate/generate';
import type { RunState } from '../debate/fold';
import type { Question } from '../tasks/question';
import type { Collected } from './collected';
import type { LiveLoopEvent, LoopConfig, LoopEvent, ProbeResult } from './records';

export interface DebatePlan {
  /** Id of the run; the same plan resumes what is stored under it. */
  run: string;
  title: string;
  config: RunConfig;
  questions: readonly Question[];
}

/** The reader wants this agent to stay as it was: no job, and no failure. */
export class LeftAsItWas extends Error {
  override readonly name = 'LeftAsItWas';
  constructor() {
    super('left as it was, as the reader chose');
  }
}

/** @param failures tries that failed: what is ordered again is another order */
export const orderKey = (loop: string, iteration: number, agent: AgentName, failures: number): string =>
  `${loop}/${iteration}/${agent}${failures ? `/${failures + 1}` : ''}`;

/** The job itself has failed or was cancelled at the endpoint: repeating the order under its key would only find it so again. */
export class JobFailed extends Error {
  override readonly name = 'JobFailed';
  constructor(
    readonly job: string | null,
    message: string,
  ) {
    super(message);
  }
}

export interface LoopPorts {
  /** Resolves once the event is durable. */
  append(event: LoopEvent): Promise<void>;
  emit(event: LiveLoopEvent): void;
  /** ISO 8601. */
  now(): string;
  /** Milliseconds of a steady clock. */
  clock(): number;
  /** Speaks a whole debate, or what is left of it, and keeps it. Told after each turn how many there are. */
  debate(plan: DebatePlan, onTurns: (done: number, total: number) => void, signal: AbortSignal): Promise<RunState>;
  /** As `collectedFrom` does it, in a place where it holds nobody up; left out = here. */
  collect?(run: RunState, config: LoopConfig, iteration: number, signal: AbortSignal): Promise<Collected>;
  keepSets(sets: readonly TrainingSet[]): Promise<void>;
  readSet(sha256: string): Promise<TrainingSet | null>;
  /**
   * Ordering the same key again goes on with the job that is there.
   * @throws LeftAsItWas when the agent is not to be trained; JobFailed when the job ended without a result; anything else halts the loop and is tried again when it is resumed
   */
  finetune(order: TuneOrder, on: (update: TuneUpdate) => void, signal: AbortSignal): Promise<Tuned>;
  /** Keeps result files durably. @returns sha256 of the weights file */
  keepAdapter(id: string, tuned: Tuned, facts: { loop: string; iteration: number; agent: AgentName; dataset: string }): Promise<string>;
  /**
   * Makes exactly these kept agents speakable, but for those that name another base: they are only refused.
   * @returns the probe of each, null where its trainer wrote none
   */
  adopt(adapters: readonly string[], signal: AbortSignal): Promise<Map<string, ProbeResult | null>>;
  /** ln p of each token of `text` after `messages` under an agent; null = the base. Told now and then how many rows are done. */
  score(
    rows: readonly { messages: Message[]; text: string; adapter: string | null }[],
    onScored: (done: number) => void,
    signal: AbortSignal,
  ): Promise<number[][]>;
}
