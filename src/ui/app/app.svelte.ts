// Puts the page together: the one place that knows which clock, storage, engine and debate are the real ones.
import { openStore } from '../../store/store';
import { createEngineLock } from '../../store/engineLock';
import { drive } from '../session/drive';
import { nextFrame } from '../session/frames';
import { Record } from '../session/record.svelte';
import { Session } from '../session/session.svelte';
import type { Facts } from './capability';
import type { LoopDesk } from '../loop/desk.svelte';
import type { App } from './context';
import { goOn } from './go-on';
import { Handed } from './handed.svelte';
import { Notices } from './notices.svelte';
import { browserStorage, Preferences } from './preferences.svelte';
import { probe } from './probe';
import { Router } from './router.svelte';
import { appName } from './version';

/** 128 random bits; `randomUUID` exists in secure contexts only, and runs work on a plain http address too. */
const newId = (): string => Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, '0')).join('');

/** Resolves behind the first frame: what nobody sees yet can wait for what they do. */
const afterPaint = (): Promise<void> => new Promise(resolve => nextFrame(() => setTimeout(resolve)));

/** @param signal ends the listeners; in the page they live as long as it does */
export function createApp(signal: AbortSignal = new AbortController().signal): App {
  const painted = afterPaint();
  const preferences = new Preferences(browserStorage());
  const session = new Session({
    createEngine: async (ref, options) => {
      // Fetched on the first click that needs a model: nothing of it is part of the first paint.
      const { createPageTeam } = await import('../../models/team/page');
      const onFewer = (reason: string): void => notices.tell(`One engine fewer; the others go on. ${reason}`);
      return createPageTeam(ref, { ...options, onFewer });
    },
    drive,
    record: new Record(() => painted.then(() => openStore())),
    lock: onLost => Promise.resolve(createEngineLock(onLost)),
    device: () => preferences.device,
    date: () => new Date().toISOString(),
    now: () => performance.now(),
    newId,
    app: appName,
  });
  const notices = new Notices();
  const router = new Router(window, signal);
  const date = (): string => new Date().toISOString();
  let opening: Promise<LoopDesk> | null = null;
  let desk = $state.raw<LoopDesk | null>(null);
  const loops = (): Promise<LoopDesk> => {
    opening ??= import('../loop/desk.svelte').then(async ({ openDesk }) => {
      desk = await openDesk({ session, announce: text => notices.announce(text), date, now: () => performance.now(), newId });
      return desk;
    });
    // What failed may work when it is asked for again.
    opening.catch(() => (opening = null));
    return opening;
  };
  void painted.then(() => goOn({ session, router, notices, loops }));
  let facts = $state.raw<Facts | null>(null);
  void painted.then(probe).then(found => (facts = found));
  return {
    router,
    notices,
    loops,
    get desk() {
      return desk;
    },
    preferences,
    session,
    rows: new Handed(),
    get facts() {
      return facts;
    },
  };
}
