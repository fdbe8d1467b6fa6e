/** A moment for a list; empty where the file did not say. */
export const when = (iso: string): string =>
  iso ? new Date(iso).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' }) : '';
