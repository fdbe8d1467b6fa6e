// A list of runs at an address: `#index=…/runs.json`. It holds titles and addresses, no text of any agent, and fetches nothing by being read.
import * as v from 'valibot';
import { issueText } from '../debate/schema';
import { ShareError } from './errors';
import { parseJson } from './json';
import { resolveRunUrl } from './open';

export interface GalleryRun {
  title: string;
  about: string;
  /** Absolute. */
  url: URL;
  /** Bytes, as the list has it; null where it does not say. */
  bytes: number | null;
}

export interface Gallery {
  title: string;
  about: string;
  runs: GalleryRun[];
}

/** Bytes of the list, and runs in it, that are opened here. */
export const galleryLimits = { bytes: 1_000_000, runs: 1000 };

const line = (most: number) => v.pipe(v.string(), v.maxLength(most));
const entry = v.object({
  title: v.pipe(line(300), v.minLength(1)),
  about: v.optional(line(1000), ''),
  url: v.pipe(line(4000), v.minLength(1)),
  bytes: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0))),
});
const index = v.object({ title: v.optional(line(300), ''), about: v.optional(line(2000), ''), runs: v.array(entry) });

/**
 * @param base where the list came from: addresses in it may be relative to that
 * @throws ShareError
 */
export function openGallery(bytes: Uint8Array<ArrayBuffer>, base: URL): Gallery {
  if (bytes.length > galleryLimits.bytes)
    throw new ShareError('too-large', `The list is larger than ${galleryLimits.bytes / 1e6} MB.`, 'Open a run of it by its own address.');
  const value = parseJson(bytes);
  const { polylogue, schema, runs } = (value ?? {}) as { polylogue?: unknown; schema?: unknown; runs?: unknown };
  if (polylogue !== 'index')
    throw new ShareError('not-a-run', 'There is no list of runs at this address.', 'A run itself is opened with #run= instead of #index=.');
  if (typeof schema === 'number' && schema > 1)
    throw new ShareError(
      'newer',
      `This list was made for a newer version of Polylogue (schema ${schema}).`,
      'Reload this page to update it.',
    );
  if (schema !== 1) throw new ShareError('invalid', 'The list carries no schema this version knows.', 'It may have been edited by hand.');
  if (Array.isArray(runs) && runs.length > galleryLimits.runs)
    throw new ShareError('too-large', `It lists ${runs.length} runs; ${galleryLimits.runs} is the most.`, 'Ask for a shorter list.');
  const parsed = v.safeParse(index, value);
  if (!parsed.success)
    throw new ShareError('invalid', `The list cannot be read (${issueText(parsed.issues)}).`, 'Ask whoever keeps it to mend it.');
  const { title, about, runs: listed } = parsed.output;
  return {
    title,
    about,
    runs: listed.map(({ url, bytes: size, ...told }) => ({ ...told, url: resolveRunUrl(url, base.href), bytes: size ?? null })),
  };
}
