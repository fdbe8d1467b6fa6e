// One run speaks at a time: what goes on elsewhere on the page stops for the new one, and the reader hears that it did.
import type { App } from '../app/context';

/** Asked before something begins. @returns tells, once it has begun, what was paused for it; nothing where nothing went on */
export function notePaused({ session, desk, notices, router }: Pick<App, 'session' | 'desk' | 'notices' | 'router'>): () => void {
  const run = session.live;
  if (!run?.active || !run.state.start) return () => undefined;
  const loop = desk?.live?.active ? desk.live : null;
  const listed = session.record.list?.find(item => item.run === run.id)?.title;
  const title = loop?.start.title ?? listed ?? run.state.start.title;
  const place = loop ? 'from its own screen' : 'from the list of runs';
  const show = (): void => router.go(loop ? { kind: 'loop', loop: loop.id } : { kind: 'run', run: run.id, qid: null });
  return () => {
    if (session.live !== run) notices.tell(`“${title}” was paused for this; it goes on ${place}.`, { label: 'Show', run: show });
  };
}
