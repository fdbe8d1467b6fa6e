// A built-in model: files that are part of this site, kept by the browser like any other.
import { download, sizeOf, type Fetch } from './download';
import type { ModelFolder } from './model-folder';

/** @param root URL of the model's folder, ending in a slash */
export const siteFolder = (root: string, fetch: Fetch): ModelFolder => ({
  async find(path, signal) {
    const bytes = await sizeOf(fetch, new URL(path, root).href, signal);
    return bytes === null ? null : { bytes, cached: true };
  },
  read: (path, options) => download(fetch, new URL(path, root).href, options),
});
