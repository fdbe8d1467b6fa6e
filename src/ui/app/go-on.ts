// Once a visit: a loop whose trainings were watched when the page was left goes on, on whatever screen the reader is, and says so.
import { isNarrowed } from '../share/policy';
import type { App } from './context';

export async function goOn({ session, router, notices, loops }: Pick<App, 'session' | 'router' | 'notices' | 'loops'>): Promise<void> {
  try {
    // A page that only shows what was shared begins nothing.
    if (isNarrowed() || router.route.kind === 'shared') return;
    const all = await (await session.record.store).listLoops();
    // Without an unfinished loop nothing of loops is fetched.
    if (!all.some(({ header }) => header?.finished === null && header.source === 'here')) return;
    const found = await (await loops()).revive('locks' in navigator);
    if (!found) return;
    const { route } = router;
    const seen = route.kind === 'loop' ? route.loop === found.loop : route.kind === 'screen' && route.screen === 'loop';
    if (seen) return;
    const text = found.reason === '' ? `${found.title} goes on: its trainings are watched again.` : `${found.title} waits. ${found.reason}`;
    notices.tell(text, { label: 'Show', run: () => router.go({ kind: 'loop', loop: found.loop }) });
  } catch (error) {
    const { message, hint } = error as { message: string; hint?: string };
    notices.problem([`An unfinished loop could not be gone on with. ${message}`, hint].filter(Boolean).join(' '));
  }
}
