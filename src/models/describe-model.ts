// What loading a model would cost, before anything is downloaded: for the question to the user.
import { chooseFiles, type ChosenFiles, type NamedFile } from './choose-files';
import { decideDevice, sightGpu, wishOf, type DeviceDecision } from './device-probe';
import type { Fetch } from './download';
import type { DeviceChoice, EngineModelRef } from './engine';
import { folderOf } from './folder-of';
import { browserCache, type ModelCache } from './model-cache';
import type { ModelDescription } from './permit';

export interface DescribeOptions {
  device?: DeviceChoice;
  files?: readonly File[];
  models?: string;
  fetch?: Fetch;
  cache?: ModelCache | undefined;
  /** For tests; the browser is asked otherwise. */
  decision?: DeviceDecision;
  signal?: AbortSignal;
}

export function describeFiles(chosen: ChosenFiles, { facts, reason }: DeviceDecision): ModelDescription {
  const files = [...chosen.small, chosen.graph, ...chosen.external];
  const sum = (list: readonly NamedFile[]): number => list.reduce((bytes, file) => bytes + file.bytes, 0);
  return {
    files,
    total: sum(files),
    missing: sum(files.filter(file => !file.cached)),
    dtype: chosen.dtype,
    device: facts.device,
    reason: `${reason}; ${chosen.reason}`,
  };
}

/**
 * Asks the host of a model about its files: for somebody who just named that host.
 * @throws EngineError `bad-model`, `auth` or `network`
 */
export async function describeModel(ref: EngineModelRef, options: DescribeOptions = {}): Promise<ModelDescription> {
  const { device = 'auto', files = [], signal, fetch = (url, init) => globalThis.fetch(url, init) } = options;
  const models = options.models ?? new URL('models/', globalThis.document?.baseURI ?? 'http://localhost/').href;
  const decision = options.decision ?? decideDevice(ref, wishOf(ref, device), await sightGpu());
  const cache = 'cache' in options ? options.cache : browserCache();
  const { folder } = folderOf(ref, { models, files, fetch, cache, ask: async ({ offer }) => offer === null });
  const chosen = await chooseFiles(folder, decision.facts, ref.kind === 'hub' ? ref.dtype : undefined, signal);
  return describeFiles(chosen, decision);
}
