// What can be said of an endpoint's address before anything is sent there.

/** The page that would call. */
export interface PagePlace {
  origin: string;
  protocol: string;
  hostname: string;
  /** `isSecureContext`. */
  secure: boolean;
  /** The page gave up reaching other hosts when it opened a shared run. */
  narrowed: boolean;
}

export interface AddressProblem {
  code: 'bad_address' | 'mixed_content' | 'blocked_by_page';
  found: string;
  next: string;
}

export const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);

/** This computer, or a name or number that only exists on the network it is in. */
export const isLocal = (hostname: string): boolean =>
  isLoopback(hostname) ||
  hostname.endsWith('.local') ||
  /^(?:10|192\.168|169\.254|172\.(?:1[6-9]|2\d|3[01]))(?:\.\d{1,3}){2,3}$/.test(hostname) ||
  /^\[f(?:[cd]|e[89ab])/i.test(hostname);

/** Hosts that the page's policy lets it call without https (`connect-src` in index.html). */
const plainHosts = ['localhost', '127.0.0.1'];

/** @returns null when it can be tried */
export function addressProblem(baseUrl: string, page: PagePlace): AddressProblem | null {
  const bad = (found: string, next: string): AddressProblem => ({ code: 'bad_address', found, next });
  if (!URL.canParse(baseUrl))
    return bad(`“${baseUrl}” is not an address.`, 'Write it with https:// in front, or http:// for this computer.');
  const url = new URL(baseUrl);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return bad(`${url.protocol} is not a web address.`, 'Write it with https:// in front, or http:// for this computer.');
  }
  if (url.username || url.password)
    return bad('The address holds a name or password.', 'Put the key into its own field; addresses are shown and logged.');
  if (url.search || url.hash) return bad('The address has a part after ? or #.', 'Leave that part out; the base URL ends before /v1.');
  if (url.origin === page.origin) return null;
  if (page.narrowed) {
    return {
      code: 'blocked_by_page',
      found: 'A shared run was opened in this tab, so the page may reach no other host.',
      next: 'Reload the page, then check again.',
    };
  }
  if (url.protocol === 'http:' && !plainHosts.includes(url.hostname)) {
    if (isLoopback(url.hostname))
      return bad(`This page does not call this computer by the name ${url.hostname}.`, 'Write localhost instead.');
    return page.protocol === 'https:'
      ? {
          code: 'mixed_content',
          found: `A page that came over https may not call ${url.origin}, which is not encrypted.`,
          next: 'Put the endpoint behind https, or open the page from the tuner itself (npm start).',
        }
      : {
          code: 'blocked_by_page',
          found: `This page calls no unencrypted host but this computer; ${url.host} is another one.`,
          next: 'Put the endpoint behind https, or open the page from that host: its tuner can serve the page too.',
        };
  }
  return null;
}

/** Name of the page's own endpoint: nobody listens there, and it is not the page's origin, so what is remembered of the two never mixes. */
export const pageOrigin = 'http://page.tuner';
