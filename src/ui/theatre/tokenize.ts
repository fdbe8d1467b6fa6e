// The loaded engine, as far as a turn sheet needs it.
import type { Message } from '../../debate/generate';

export type Tokenize = (messages: readonly Message[]) => Promise<{ text: string; tokens: { id: number; text: string }[] }>;

export interface Reader {
  /** sha256 of the weights: tokens of another model are not those of the run. */
  readonly facts: { readonly modelHash: string };
  /** Longest prompt plus answer, in tokens. */
  readonly maxContext: number;
  readonly tokenize: Tokenize;
}
