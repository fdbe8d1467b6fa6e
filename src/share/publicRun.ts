// What may leave the page: a copy of the fields a run is made of, and nothing that grants access to anything.
import type { ModelRef } from '../debate/config';
import type { EngineInfo, RunEvent } from '../debate/events';
import { parseRunEvent } from '../debate/schema';

declare const leaves: unique symbol;
/** Events that have passed `publicRun`; exporters take nothing else. */
export type PublicRun = readonly RunEvent[] & { readonly [leaves]: true };

/** Shapes of credentials that machines put into their messages: bearer tokens, vendor keys, user:password in an address, query strings. */
const secrets = [
  /\b(?:Bearer|Basic|Token)\s+[\w.~+/=-]{8,}/gi,
  /\b(?:sk|pk|hf|ghp|gho|xox[abp]|AKIA|AIza)[-_]?[\w-]{12,}/g,
  /(?<=\/\/)[^\s/@]+@/g,
  /(?<=https?:\/\/[^\s?#]+)[?#]\S+/g,
];
/** Texts that machines wrote, without what may be a key. */
export const redact = (text: string): string => secrets.reduce((rest, secret) => rest.replace(secret, '…'), text);

/** The host a model came from is told, the path and credentials with which it was fetched are not. */
export function publicModel(ref: ModelRef): ModelRef {
  if (ref.kind !== 'hub' || ref.host === undefined) return ref;
  const { host, ...rest } = ref;
  return URL.canParse(host) ? { ...rest, host: new URL(host).origin } : rest;
}
export const publicEngine = (engine: EngineInfo): EngineInfo => ({ ...engine, base: publicModel(engine.base) });

function publicEvent(event: RunEvent): RunEvent {
  switch (event.type) {
    case 'run-started':
      return { ...event, config: { ...event.config, base: publicModel(event.config.base) }, engine: publicEngine(event.engine) };
    case 'turn-failed': {
      const { code, message, hint } = event.error;
      return { ...event, error: { code, message: redact(message), ...(hint === undefined ? {} : { hint: redact(hint) }) } };
    }
    case 'note':
      return { ...event, text: redact(event.text), ...(event.engine ? { engine: publicEngine(event.engine) } : {}) };
    default:
      return event;
  }
}

/** @throws v.ValiError when an event is not one: a defect of the page, not of the reader */
export const publicRun = (events: readonly RunEvent[]): PublicRun =>
  events.map(event => publicEvent(parseRunEvent(event))) as unknown as PublicRun;
