// A base model as training needs it: its weights, and the tokenizer, template, stops and context that inference uses.
import { llamaShapes, type LlamaConfig, type Weights } from '../../onnx/llama';
import { modelConfigOf } from '../../onnx/model-config';
import { readModelWeights } from '../../onnx/model-weights';
import { linearNames } from '../../onnx/train/options';
import { readModelConfig } from '../../models/model-config';
import { needJson, type ModelFolder } from '../../models/model-folder';
import { TrainError, type BaseModel } from '../engine';
import type { RowRules } from './rows';

/** Where a base lies and what it is called. */
export interface BasePlace {
  id: string;
  folder: ModelFolder;
  /** Repository the weights came from, where they came from one. */
  repo?: string | null;
  revision?: string | null;
}

export interface Base {
  id: string;
  repo: string | null;
  revision: string | null;
  config: LlamaConfig;
  /** `config.json` as it lies in the folder. */
  configJson: Record<string, unknown>;
  weights: Weights;
  /** Token that fills rows up; its positions are never a target and never seen. */
  pad: number;
  rules: Omit<RowRules, 'longest'>;
  /** Tokens the positions allow. */
  context: number;
}

/**
 * Token that begins a text, where the tokenizer names one; added to no prompt here, since the template writes it where the model wants it.
 * @returns null also for a name that is no single token of the vocabulary
 */
export function bosOf(tokenizerConfig: Record<string, unknown>, encode: (text: string) => number[]): number | null {
  const named = tokenizerConfig.bos_token;
  const text = typeof named === 'string' ? named : (named as { content?: unknown } | null | undefined)?.content;
  const ids = typeof text === 'string' && text ? encode(text) : [];
  return ids.length === 1 ? ids[0]! : null;
}

/** @throws EngineError `bad-model` when the folder holds no model that can be trained */
export async function loadBase({ id, folder, repo = null, revision = null }: BasePlace, signal?: AbortSignal): Promise<Base> {
  const { tokenizer, stops, context } = await readModelConfig(folder, signal);
  const configJson = await needJson(folder, 'config.json', signal);
  const config = modelConfigOf(configJson);
  const weights = await readModelWeights(config, async name => (await folder.read(name, { signal })) ?? undefined);
  const bos = bosOf(await needJson(folder, 'tokenizer_config.json', signal), text => tokenizer.encode(text));
  // Some models name none, or −1. Any other token does as well: nothing ever attends to it.
  const isToken = (id: unknown): id is number => Number.isInteger(id) && (id as number) >= 0 && (id as number) < config.vocab;
  const pad = [configJson.pad_token_id, ...stops].find(isToken) ?? 0;
  return { id, repo, revision, config, configJson, weights, pad, rules: { tokenizer, stops, bos }, context };
}

/** What the endpoint tells about a base; its weights are not read for that. */
export async function describeBase({ id, folder, repo = null, revision = null }: BasePlace, signal?: AbortSignal): Promise<BaseModel> {
  const { context } = await readModelConfig(folder, signal);
  const shapes = llamaShapes(modelConfigOf(await needJson(folder, 'config.json', signal)));
  const parameters = shapes.reduce((sum, [, dims]) => sum + dims.reduce((a, b) => a * b, 1), 0);
  const common = { id, repo, revision, maxContext: context, parameters };
  return { ...common, targetModules: [...linearNames], maxRank: 64, shapes: Object.fromEntries(shapes) };
}

/** @throws TrainError when there is no such base */
export function placeOf(places: readonly BasePlace[], id: string): BasePlace {
  const place = places.find(p => p.id === id);
  if (!place) throw new TrainError('internal', `there is no base ${id}; there is ${places.map(p => p.id).join(', ')}`);
  return place;
}
