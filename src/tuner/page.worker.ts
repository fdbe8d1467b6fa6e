// The tuner of a page: the same app as behind a socket, on the browser's database, with training in workers of its own.
import { createTuner } from './app';
import { openIdbDisk } from './disk-idb';
import { openInWorker } from './page-open';
import { createWorkerEngine } from './train/page';

/** Reloading and closing a tab is no accident, though it ends the worker as one would: a job outlives it more often than at a server. */
const attempts = 10;

/** Nobody but this page asks, and its loop may ask for many jobs at once. */
const perSecond = 1000;

/** Bases that every build of the page carries. */
const builtIn = ['abacus'];

openInWorker(self, async ({ token, models, device }) => {
  const bases = builtIn.map(id => ({ id, url: new URL(`${id}/`, models).href }));
  // One card has nothing to gain from several jobs at once, and each would hold its own copy of the base on it.
  const engine = createWorkerEngine({ bases, device, ...(device === 'webgpu' && { slots: 1 }) });
  // Nobody comes here over a socket, so there is no Host to check; whoever has the port has the token.
  return createTuner({ engine, disk: await openIdbDisk(), token, hosts: null, limits: { attempts, perSecond } });
});
