// The folder a model reference means.
import type { Fetch } from './download';
import type { EngineModelRef } from './engine';
import { hubFolder } from './folder-hub';
import { pickedFolder } from './folder-picked';
import { siteFolder } from './folder-site';
import type { ModelCache } from './model-cache';
import type { ModelFolder } from './model-folder';

export interface FolderPlaces {
  /** URL of the folder of built-in models, ending in a slash. */
  models: string;
  files: readonly File[];
  fetch: Fetch;
  cache: ModelCache | undefined;
  onUnkept?(reason: string): void;
}

export function folderOf(ref: EngineModelRef, { models, files, fetch, cache, onUnkept }: FolderPlaces): ModelFolder {
  if (ref.kind === 'builtin') return siteFolder(new URL(`${encodeURIComponent(ref.id)}/`, models).href, fetch);
  if (ref.kind === 'local') return pickedFolder(files);
  return hubFolder({ id: ref.id, revision: ref.revision, host: ref.host, fetch, cache, ...(onUnkept ? { onUnkept } : {}) });
}
