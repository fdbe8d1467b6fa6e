// What the rest of the program sees of the society engine, wherever it runs (worker in the page, Node process).

/** Structurally equal to the debate room's request and update types; this room may not import them. */
/** Where a model is to run; `auto` looks what there is. */
export type DeviceChoice = 'auto' | 'wasm' | 'webgpu';

export interface EngineSampling {
  temperature: number;
  topK: number;
  topP: number;
  minP: number;
  maxNewTokens: number;
}

/** How one token is drawn. */
export type SamplingRule = Omit<EngineSampling, 'maxNewTokens'>;

export interface EngineMessage {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

export interface EngineRow {
  id: string;
  messages: EngineMessage[];
  adapter: string | null;
  sampling: EngineSampling;
  draw: { seed: number; qid: string; agent: number; role: string; round: number; attempt: number };
}

export interface EngineOutput {
  id: string;
  text: string;
  finish: 'stop' | 'length';
  usage: { promptTokens: number; newTokens: number; ms: number };
  ends: number[];
  logprobs: number[];
}

export interface EngineFault {
  code: 'aborted' | 'too-long' | 'device-lost' | 'out-of-memory' | 'bad-model' | 'auth' | 'network' | 'internal';
  message: string;
  hint?: string;
}

export type EngineUpdate =
  | { type: 'text'; id: string; text: string; newTokens: number }
  | { type: 'done'; output: EngineOutput }
  | { type: 'failed'; id: string; error: EngineFault };

export type EngineModelRef =
  | { kind: 'builtin'; id: string }
  | { kind: 'hub'; id: string; revision?: string; dtype?: string; device?: string; host?: string }
  | { kind: 'local'; id: string };

export interface EngineFacts {
  base: EngineModelRef;
  modelHash: string;
  dtype: string;
  device: 'wasm' | 'webgpu' | 'cpu';
  runtime: string;
  parameters: number;
}

export type LoadPhase = 'check-device' | 'download' | 'compile' | 'warm-up' | 'self-check';

export interface LoadProgress {
  phase: LoadPhase;
  /** Bytes for 'download'; steps for the others. */
  done: number;
  total: number;
  /** Set once it is decided. */
  device?: 'wasm' | 'webgpu';
  /** Set when a device was given up, with the reason in words. */
  fellBack?: { from: string; to: string; reason: string };
}

export interface SelfCheck {
  name: string;
  passed: boolean;
  /** Largest deviation found and the bound it was held against. */
  value: number;
  bound: number;
  /** Set when this was not checked, with the reason in words; then the numbers say nothing. */
  skipped?: string;
}

export interface ScoreRow {
  messages: EngineMessage[];
  text: string;
  adapter: string | null;
}

export interface TokenPiece {
  id: number;
  text: string;
}

/** Result files of a finetuning job by basename: a PEFT adapter (`adapter_config.json`, `adapter_model.safetensors`) or full weights (`config.json`, `model.safetensors`). */
export type TunedFiles = Record<string, Uint8Array<ArrayBuffer>>;

/** Mean NLL of the trainer's held-out rows as the trainer wrote it and as this engine finds it, in nats per target token. */
export interface ProbeReport {
  /** Whether its rows were never trained on; null where the trainer did not say. */
  heldOut: boolean | null;
  rows: { base: number; engineBase: number; tuned: number; engineTuned: number }[];
  /** Largest |engine − trainer| over rows and both models, and the bound for this dtype. */
  deviation: number;
  bound: number;
  passed: boolean;
  /** What failed, in words. */
  reason: string | null;
}

export interface Engine {
  readonly facts: EngineFacts;
  readonly checks: readonly SelfCheck[];
  /** What the user should know about what is loaded, in sentences. */
  readonly warnings?: readonly string[];
  /** Longest prompt plus answer, in tokens. */
  readonly maxContext: number;
  generate(rows: readonly EngineRow[], on: (update: EngineUpdate) => void, signal: AbortSignal): Promise<void>;
  /** ln p of every token of `text` after `messages`, under the given adapter: what NLL metrics need. */
  score(rows: readonly ScoreRow[], signal: AbortSignal): Promise<{ tokens: TokenPiece[]; logprobs: number[] }[]>;
  /**
   * Makes exactly these agents speakable besides the base: adds what is new, drops what is not named, leaves the rest loaded.
   * @throws EngineError `bad-model` when one does not fit the base; then everything stays as it was
   */
  adopt(agents: ReadonlyMap<string, TunedFiles>, signal: AbortSignal): Promise<void>;
  /** Recomputes the losses a trainer recorded in `probe.json` for an adopted agent. */
  probe(agent: string, probeJson: Uint8Array, signal: AbortSignal): Promise<ProbeReport>;
  /** The rendered prompt as the model sees it, with its tokens. */
  tokenize(messages: readonly EngineMessage[]): Promise<{ text: string; tokens: TokenPiece[] }>;
  dispose(): Promise<void>;
}
