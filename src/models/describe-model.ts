// What loading a model would cost, before anything is downloaded: for the question to the user.
import { chooseFiles, type NamedFile } from './choose-files';
import { decideDevice, sightGpu, type DeviceDecision } from './device-probe';
import type { Fetch } from './download';
import type { EngineModelRef } from './engine';
import { folderOf } from './folder-of';
import { browserCache, type ModelCache } from './model-cache';
import type { DeviceChoice } from './protocol';

export interface ModelDescription {
  files: NamedFile[];
  /** Bytes of all files, and of those that are not here yet. */
  total: number;
  missing: number;
  dtype: string;
  device: string;
  /** Why this device and this precision, in words. */
  reason: string;
}

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

/** @throws EngineError `bad-model`, `auth` or `network` */
export async function describeModel(ref: EngineModelRef, options: DescribeOptions = {}): Promise<ModelDescription> {
  const { device = 'auto', files = [], signal, fetch = (url, init) => globalThis.fetch(url, init) } = options;
  const models = options.models ?? new URL('models/', globalThis.document?.baseURI ?? 'http://localhost/').href;
  const wanted = ref.kind === 'hub' ? (ref.device as DeviceChoice | undefined) : undefined;
  const decision = options.decision ?? decideDevice(ref, wanted ?? device, await sightGpu());
  const folder = folderOf(ref, { models, files, fetch, cache: 'cache' in options ? options.cache : browserCache() });
  const chosen = await chooseFiles(folder, decision.facts, ref.kind === 'hub' ? ref.dtype : undefined, signal);
  const all = [...chosen.small, chosen.graph, ...chosen.external];
  const sum = (list: readonly NamedFile[]): number => list.reduce((bytes, file) => bytes + file.bytes, 0);
  return {
    files: all,
    total: sum(all),
    missing: sum(all.filter(file => !file.cached)),
    dtype: chosen.dtype,
    device: decision.facts.device,
    reason: `${decision.reason}; ${chosen.reason}`,
  };
}
