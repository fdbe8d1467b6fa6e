// Was an adapter trained on the base that is loaded, by what its files say? Sizes alone do not tell: two models of one family share them all.
import { AdapterError, parsePeftConfig } from '../onnx/peft-config';
import { baseSources } from './base-sources';
import type { EngineModelRef, TunedFiles } from './engine';

export interface OtherBase {
  /** What the adapter says it was trained on, with its revision if it names one. */
  named: string;
  /** What is loaded here. */
  loaded: string;
}

/** `owner/name` as it stands on a model hub, not a folder. */
const hubId = /^[\w.-]+\/[\w.-]+$/;

/** Where a hub keeps what it has downloaded, which programs write in place of the id. */
const hubCache = /(?:^|[\\/])models--([^\\/]+?)--([^\\/]+)(?:[\\/]|$)/;

const idOf = (text: string): string => {
  const [, owner, name] = hubCache.exec(text) ?? [];
  return (owner ? `${owner}/${name}` : text.trim().replace(/[\\/]+$/, '')).toLowerCase();
};

/** The last part: folders differ from machine to machine, and an export often carries the format in its name. */
const nameOf = (id: string): string => id.slice(Math.max(id.lastIndexOf('/'), id.lastIndexOf('\\')) + 1).replace(/-onnx$/, '');

const sameRevision = (a: string | null, b: string | null): boolean =>
  a === null ||
  b === null ||
  a === b ||
  [a, b].includes('main') ||
  (Math.min(a.length, b.length) >= 7 && (a.startsWith(b) || b.startsWith(a)));

/** @param named `base_model_name_or_path` of the adapter */
export function isSameBase(base: EngineModelRef, named: string, revision: string | null = null): boolean {
  const theirs = idOf(named);
  const loaded = base.id.toLowerCase();
  const source = baseSources.get(loaded);
  const ours = [loaded, ...(source ? [source.repo.toLowerCase()] : [])];
  if (ours.includes(theirs)) return theirs !== source?.repo.toLowerCase() || sameRevision(source.revision, revision);
  // Two ids of a hub are two models, where we know what ours was made from.
  if (source && base.kind === 'hub' && hubId.test(theirs)) return false;
  return ours.some(id => nameOf(id) === nameOf(theirs));
}

/** @returns null when the adapter names this base or none, or when there is no adapter among the files: full weights bring their own */
export function otherBase(base: EngineModelRef, files: TunedFiles): OtherBase | null {
  const config = files['adapter_config.json'];
  if (!config) return null;
  let read;
  try {
    read = parsePeftConfig(new TextDecoder().decode(config));
  } catch (error) {
    // What is wrong with the file is said where it is loaded.
    if (error instanceof AdapterError) return null;
    throw error;
  }
  const { baseModel, revision } = read;
  if (baseModel === null || baseModel.trim() === '' || isSameBase(base, baseModel, revision)) return null;
  return { named: revision === null ? baseModel : `${baseModel} (${revision})`, loaded: base.id };
}

/** As the probe of an agent that was not tried: in the shape in which loops record one. */
export const refusedBase = (other: OtherBase) => ({
  deviation: 0,
  bound: 0,
  passed: false,
  reason: otherBaseWords(other),
  otherBase: true as const,
});

/** One sentence for people. */
export const otherBaseWords = ({ named, loaded }: OtherBase): string =>
  `It says that it was trained on ${named}; ${loaded} is loaded here.`;
