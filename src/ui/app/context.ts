// What every screen may ask for. Made once in `App.svelte`; no module holds mutable state.
import { createContext } from 'svelte';
import type { Facts } from './capability';
import type { Handed } from './handed.svelte';
import type { Notices } from './notices.svelte';
import type { Preferences } from './preferences.svelte';
import type { Router } from './router.svelte';
import type { LoopDesk } from '../loop/desk.svelte';
import type { Session } from '../session/session.svelte';

export interface App {
  router: Router;
  notices: Notices;
  preferences: Preferences;
  session: Session;
  /** Training rows that were dropped on another screen. */
  rows: Handed;
  /** The loops of this tab; fetched when they are first asked for. */
  loops: () => Promise<LoopDesk>;
  /** The same once it is there; null before. */
  readonly desk: LoopDesk | null;
  /** null until the browser has answered. */
  readonly facts: Facts | null;
}

export const [useApp, provideApp] = createContext<App>();
