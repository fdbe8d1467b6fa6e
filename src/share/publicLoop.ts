// What of a loop may leave the page: its events, debates and sets, and nothing that grants access to anything.
import type { LoopEvent } from '../experiment/records';
import { parseLoopEvent } from '../experiment/schema';
import { publicEngine, publicModel, redact } from './publicRun';

/** Where it was trained is told by origin alone: what stands before the host or behind it may be a key. */
const publicOrigin = (origin: string): string => (URL.canParse(origin) ? new URL(origin).origin : redact(origin));

export function publicLoopEvent(given: LoopEvent): LoopEvent {
  const event = parseLoopEvent(given);
  switch (event.type) {
    case 'loop-started': {
      const { config, endpoint } = event;
      const debate = { ...config.debate, base: publicModel(config.debate.base) };
      return {
        ...event,
        config: { ...config, debate },
        engine: publicEngine(event.engine),
        endpoint: { ...endpoint, origin: publicOrigin(endpoint.origin) },
      };
    }
    case 'job-ended':
      return { ...event, reason: event.reason === null ? null : redact(event.reason), warnings: event.warnings.map(redact) };
    case 'adopted':
      return event.probe?.reason ? { ...event, probe: { ...event.probe, reason: redact(event.probe.reason) } } : event;
    case 'note':
      return { ...event, text: redact(event.text) };
    default:
      return event;
  }
}
