// Files out of the page and into it.

/** Saves a blob under a name, the way every browser allows. */
export function download(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The download has its own hold on the blob once the click returns; a delay covers browsers that look again.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** A title as a file name: letters and digits of any script, at most 60 characters. */
export const fileName = (title: string): string =>
  title
    .normalize('NFKC')
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60)
    .toLowerCase() || 'run';
