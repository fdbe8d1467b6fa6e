// The folder a model reference means.
import type { Fetch } from './download';
import type { EngineModelRef } from './engine';
import { hubFolder } from './folder-hub';
import { pickedFolder } from './folder-picked';
import { siteFolder } from './folder-site';
import type { ModelCache } from './model-cache';
import type { ModelFolder } from './model-folder';
import { Permit, type AskFetch } from './permit';

export interface FolderPlaces {
  /** URL of the folder of built-in models, ending in a slash. */
  models: string;
  files: readonly File[];
  fetch: Fetch;
  cache: ModelCache | undefined;
  /** Asked before another site is. */
  ask: AskFetch;
  onUnkept?(reason: string): void;
}

export interface OpenedFolder {
  folder: ModelFolder;
  /** What a hub may be asked and what may come from it; null for files that are here already or part of this site. */
  permit: Permit | null;
}

export function folderOf(ref: EngineModelRef, { models, files, fetch, cache, ask, onUnkept }: FolderPlaces): OpenedFolder {
  if (ref.kind === 'builtin') return { folder: siteFolder(new URL(`${encodeURIComponent(ref.id)}/`, models).href, fetch), permit: null };
  if (ref.kind === 'local') return { folder: pickedFolder(files), permit: null };
  const permit = new Permit(ref, ask);
  const { id, revision, host } = ref;
  return { folder: hubFolder({ id, revision, host, fetch, cache, permit, ...(onUnkept ? { onUnkept } : {}) }), permit };
}
