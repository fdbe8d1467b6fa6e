// What a model said when it was made: recorded beside its weights, compared on every device it is loaded on.
import {
  array,
  integer,
  literal,
  maxLength,
  minLength,
  number,
  object,
  optional,
  pipe,
  record,
  safeParse,
  string,
  type InferOutput,
} from 'valibot';

import { Batch, type Model } from './batch';
import { EngineError } from './fault';
import type { ModelFolder } from './model-folder';
import { readJson } from './model-folder';
import { logSumExp } from './sampler';

export const REFERENCE_FILE = 'selfcheck.json';

const best = object({ ids: pipe(array(pipe(number(), integer())), minLength(1)), logprobs: pipe(array(number()), minLength(1)) });
const schema = object({
  schema: literal(1),
  /** Who computed it, for people. */
  recordedWith: optional(string()),
  prompts: pipe(
    array(
      object({
        /** Tokens of the prompt, so that a broken tokenizer is told apart from broken arithmetic. */
        prompt: pipe(array(pipe(number(), integer())), minLength(1), maxLength(4096)),
        text: string(),
        /** By dtype: the likeliest next tokens and their ln p. */
        best: record(string(), best),
      }),
    ),
    minLength(1),
    maxLength(64),
  ),
});

export type ReferenceFile = InferOutput<typeof schema>;

export interface Reference {
  prompt: number[];
  ids: number[];
  logprobs: number[];
}

/** @returns none where the folder has no such file or it says nothing about this dtype */
export async function readReferences(folder: ModelFolder, dtype: string, signal?: AbortSignal): Promise<Reference[]> {
  const json = await readJson(folder, REFERENCE_FILE, signal);
  if (!json) return [];
  const parsed = safeParse(schema, json);
  if (!parsed.success)
    throw new EngineError('bad-model', `${REFERENCE_FILE} of this model is not what it should be.`, parsed.issues[0].message);
  return parsed.output.prompts.flatMap(({ prompt, best }) => (best[dtype] ? [{ prompt, ...best[dtype] }] : []));
}

/** The five likeliest tokens after each prompt. */
export async function recordReferences(
  model: Model,
  dtype: string,
  prompts: readonly { text: string; tokens: number[] }[],
): Promise<ReferenceFile> {
  const out: ReferenceFile = { schema: 1, recordedWith: model.runtime.name, prompts: [] };
  for (const { text, tokens } of prompts) {
    const batch = new Batch(model, [null], tokens.length);
    try {
      const logits = (await batch.prefill([tokens])).row(0);
      const lse = logSumExp(
        logits,
        logits.reduce((m, v) => Math.max(m, v), -Infinity),
      );
      const ids = Array.from(logits.keys())
        .sort((a, b) => logits[b]! - logits[a]! || a - b)
        .slice(0, 5);
      out.prompts.push({ prompt: tokens, text, best: { [dtype]: { ids, logprobs: ids.map(id => logits[id]! - lse) } } });
    } finally {
      batch.dispose();
    }
  }
  return out;
}
