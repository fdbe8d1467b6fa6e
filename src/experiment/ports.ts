// Everything the loop needs from outside: page, command line and tests each pass their own.
import type { AgentName, SetRole, TrainingSet } from '../datasets/records';
import type { RunConfig } from '../debate/config';
import type { Message } from '../debate/generate';
import type { RunState } from '../debate/fold';
import type { Question } from '../tasks/question';
import type { LiveLoopEvent, LoopEvent, ProbeResult, TrainSettings } from './records';

export interface DebatePlan {
  /** Id of the run; the same plan resumes what is stored under it. */
  run: string;
  title: string;
  config: RunConfig;
  questions: readonly Question[];
}

export interface TuneOrder {
  key: string;
  loop: string;
  iteration: number;
  agent: AgentName;
  role: SetRole;
  base: string;
  from: string | null;
  training: string;
  validation: string | null;
  datasetHash: string;
  settings: TrainSettings;
  seed: number;
}

export type TuneUpdate =
  { type: 'created'; job: string } | { type: 'step'; step: number; total: number; loss: number; left: number | null } | { type: string };

export interface Tuned {
  job: string;
  model: string;
  files: Record<string, Uint8Array<ArrayBuffer>>;
  steps: { step: number; total: number; loss: number }[];
  validation: { step: number; loss: number }[];
  trainedTokens: number;
  trainedParameters: number;
  warnings: string[];
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
  keepSets(sets: readonly TrainingSet[]): Promise<void>;
  readSet(sha256: string): Promise<TrainingSet | null>;
  /** Ordering the same key again goes on with the job that is there. */
  finetune(order: TuneOrder, on: (update: TuneUpdate) => void, signal: AbortSignal): Promise<Tuned>;
  /** Keeps result files durably. @returns sha256 of the weights file */
  keepAdapter(id: string, tuned: Tuned, facts: { loop: string; iteration: number; agent: AgentName; dataset: string }): Promise<string>;
  /** Makes exactly these kept agents speakable. @returns the probe of each, null where its trainer wrote none */
  adopt(adapters: readonly string[], signal: AbortSignal): Promise<Map<string, ProbeResult | null>>;
  /** ln p of each token of `text` after `messages` under an agent; null = the base. */
  score(rows: readonly { messages: Message[]; text: string; adapter: string | null }[], signal: AbortSignal): Promise<number[][]>;
}
