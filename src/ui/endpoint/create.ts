// The endpoint choice of the real page.
import type { SecretStore } from '../../finetune/keys';
import { memoryMemos, type MemoStore } from '../../finetune/memo';
import { probeGpu } from '../app/probe';
import { appName } from '../app/version';
import { keep, kept } from '../look/keep';
import { isNarrowed } from '../share/policy';
import { EndpointChoice } from './endpoint.svelte';

/** @param stores what outlives a reload; without them jobs are found again by asking the endpoint, and keys are typed again */
export const createEndpoint = ({
  memos = memoryMemos(),
  secrets = null,
}: { memos?: MemoStore; secrets?: SecretStore | null } = {}): EndpointChoice =>
  new EndpointChoice({
    fetch: (url, init) => fetch(url, init),
    // Fetched when the first job is ordered: nothing of it is part of the first paint.
    openPageTuner: async options => (await import('../../tuner/page')).openPageTuner(options),
    async pageTrained() {
      // Where the list cannot be asked for, the trainer is opened to see.
      const all = await indexedDB.databases?.().catch(() => undefined);
      return all?.some(({ name }) => name === 'polylogue-tuner') ?? true;
    },
    memos,
    secrets,
    place: () => {
      const { origin, protocol, hostname } = location;
      return { origin, protocol, hostname, secure: isSecureContext, narrowed: isNarrowed() };
    },
    permission: async name => {
      try {
        // The names of local network access are younger than the types.
        return (await navigator.permissions.query({ name: name as PermissionName })).state;
      } catch {
        return null; // a browser that does not know the name throws
      }
    },
    adapter: async () => {
      const { gpu } = await probeGpu();
      return gpu === 'ready' || gpu === 'fallback';
    },
    base: document.baseURI,
    app: appName,
    kept,
    keep,
  });
