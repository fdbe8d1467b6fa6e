// Agents' weights as they are stored: facts for lists, files apart.
import type { AgentName } from '../datasets/records';
import type { recordSchema } from './records';

export interface AdapterFacts {
  id: string;
  loop: string;
  iteration: number;
  agent: AgentName;
  /** `EngineFacts.modelHash` of the base it belongs to. */
  base: string;
  /** `SetRow.sha256` of what it was trained on. */
  dataset: string;
  /** ISO 8601. */
  at: string;
  /** It names another base than the one it speaks with, and the reader had it used all the same. */
  anyway?: true;
}

export interface AdapterRecord extends AdapterFacts {
  schema: typeof recordSchema;
  kind: 'lora' | 'full';
  /** Of all files. */
  bytes: number;
  /** Of the weights. */
  sha256: string;
  files: { name: string; bytes: number; sha256: string }[];
}

export interface AdapterFilesRecord {
  schema: typeof recordSchema;
  id: string;
  files: Record<string, Uint8Array<ArrayBuffer>>;
}

/** Which of the result files holds the weights. */
export const weightsFile = (kind: AdapterRecord['kind']): string => (kind === 'lora' ? 'adapter_model.safetensors' : 'model.safetensors');
