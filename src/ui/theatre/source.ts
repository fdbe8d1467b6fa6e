// What is being shown, in one line: a recording says what made it and when.
import type { EngineInfo } from '../../debate/events';
import { parameters } from './words';

export function sourceWords(engine: EngineInfo | null, live: boolean, recordedAt: string | undefined): string {
  const when = recordedAt === undefined ? null : new Date(recordedAt);
  const day =
    when && Number.isFinite(when.getTime())
      ? when.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' })
      : null;
  const parts = [live ? 'Live' : day ? `Recorded ${day}` : 'Recorded'];
  if (engine) parts.push(`${engine.base.id}, ${parameters(engine.parameters)} parameters`, `${engine.dtype} on ${engine.device}`);
  return parts.join(' · ');
}
