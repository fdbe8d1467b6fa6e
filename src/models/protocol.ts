// What the page and the engine's worker say to each other.
import type { AdapterFiles } from '../onnx/peft';
import type {
  DeviceChoice,
  EngineFacts,
  EngineFault,
  EngineMessage,
  EngineModelRef,
  EngineRow,
  EngineUpdate,
  LoadProgress,
  ProbeReport,
  ScoreRow,
  SelfCheck,
  TokenPiece,
  TunedFiles,
} from './engine';
import type { FetchQuestion } from './permit';

export interface LoadRequest {
  ref: EngineModelRef;
  device: DeviceChoice;
  /** URL of the folder of built-in models, ending in a slash. */
  models: string;
  /** For a local model: what the user picked. */
  files: readonly File[];
  adapters: ReadonlyMap<string, AdapterFiles>;
  /** Agents adopted before the worker was started again. */
  agents: ReadonlyMap<string, TunedFiles>;
  /** Name of a lock the worker holds as long as it lives; empty where there are no locks. */
  lock: string;
}

export interface ScoredRow {
  tokens: TokenPiece[];
  logprobs: number[];
}

export interface TokenizedPrompt {
  text: string;
  tokens: TokenPiece[];
}

/** Every request has an id; whatever answers it carries the same one. */
export type ToEngine =
  | { type: 'load'; id: number; request: LoadRequest }
  | { type: 'generate'; id: number; rows: readonly EngineRow[] }
  | { type: 'score'; id: number; rows: readonly ScoreRow[] }
  | { type: 'tokenize'; id: number; messages: readonly EngineMessage[] }
  | { type: 'adopt'; id: number; agents: ReadonlyMap<string, TunedFiles> }
  | { type: 'probe'; id: number; agent: string; file: Uint8Array }
  /** To the last `ask` of that request. */
  | { type: 'answer'; id: number; yes: boolean }
  | { type: 'cancel'; id: number };

export interface LoadedEngine {
  facts: EngineFacts;
  checks: readonly SelfCheck[];
  maxContext: number;
  warnings: readonly string[];
}

export type FromEngine =
  | { type: 'progress'; id: number; progress: LoadProgress }
  /** A load waits for the answer. */
  | { type: 'ask'; id: number; question: FetchQuestion }
  | { type: 'loaded'; id: number; loaded: LoadedEngine }
  | { type: 'updates'; id: number; updates: readonly EngineUpdate[] }
  | { type: 'generated'; id: number }
  | { type: 'scored'; id: number; rows: ScoredRow[] }
  | { type: 'tokenized'; id: number; prompt: TokenizedPrompt }
  | { type: 'adopted'; id: number; now: Pick<LoadedEngine, 'checks' | 'warnings'> }
  | { type: 'probed'; id: number; report: ProbeReport }
  | { type: 'failed'; id: number; error: EngineFault };

export function exhaustive(x: never): never {
  throw new Error(`unexpected message ${JSON.stringify(x)}`);
}
