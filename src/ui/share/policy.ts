// A page opened on somebody else's run talks to nobody but its own host and the one the run came from. Policies only ever narrow:
// to reach other hosts again the page has to be loaded anew.

let narrowed = false;

export const isNarrowed = (): boolean => narrowed;

/** @param host origin of the run file, or null for a link, which needs no host */
export function narrowPolicy(host: string | null): void {
  if (narrowed) return;
  narrowed = true;
  const policy = document.createElement('meta');
  policy.httpEquiv = 'Content-Security-Policy';
  policy.content = `connect-src 'self' blob:${host === null ? '' : ` ${host}`}`;
  document.head.append(policy);
}
