// Registers the service worker once the page is quiet: the first paint and the first run have the network for themselves.

/** Does nothing in the developer server and where service workers are not available (plain http, private windows). */
export function registerOffline(signal: AbortSignal): void {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  const register = (): void => {
    const url = new URL('sw.js', document.baseURI);
    // The page works without it; only the offline visit is lost, and the browser says why in its own log.
    navigator.serviceWorker.register(url, { scope: './' }).catch((error: unknown) => console.warn('offline use is not available', error));
  };
  if (document.readyState === 'complete') register();
  else addEventListener('load', register, { once: true, signal });
}

/** Tells the service worker that a built-in model was used, so that it is there on an offline visit. */
export async function keepModelOffline(model: string): Promise<void> {
  if (!import.meta.env.PROD || !('serviceWorker' in navigator)) return;
  const { active } = await navigator.serviceWorker.ready;
  active?.postMessage({ keepModel: model });
}
