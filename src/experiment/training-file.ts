// Rows as OpenAI's chat format has them: what an endpoint is sent, and nothing beside it.
import type { DataRow } from '../datasets/records';

/** One JSON object per line; a context turn carries weight 0. */
export const chatLines = (rows: readonly DataRow[]): string => rows.map(({ messages }) => `${JSON.stringify({ messages })}\n`).join('');
