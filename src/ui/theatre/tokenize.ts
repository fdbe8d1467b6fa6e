// The engine's tokenizer, as far as a turn sheet needs it.
import type { Message } from '../../debate/generate';

export type Tokenize = (messages: readonly Message[]) => Promise<{ text: string; tokens: { id: number; text: string }[] }>;
