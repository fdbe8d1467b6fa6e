// A built-in model: files that are part of this site, kept by the browser like any other.
import { download, toldSize, type Fetch } from './download';
import type { ModelFolder } from './model-folder';

/** @param root URL of the model's folder, ending in a slash */
export const siteFolder = (root: string, fetch: Fetch): ModelFolder => ({
  async find(path, signal) {
    const url = new URL(path, root).href;
    // Static hosts compress JSON and then keep quiet about its length. Nobody is asked for consent here, so it may simply be read.
    const told = await toldSize(fetch, url, signal);
    const bytes = told === undefined ? (await download(fetch, url, signal ? { signal } : {}))?.length : told;
    return bytes == null ? null : { bytes, cached: true };
  },
  read: (path, options) => download(fetch, new URL(path, root).href, options),
});
