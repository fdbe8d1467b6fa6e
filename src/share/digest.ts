// A short name for the exact content of a run. It tells copies apart; it is no signature, and the page says "unverified".
import { hash128 } from '../tasks/hash';
import type { RunEvent } from '../debate/events';
import { parseRunEvent } from '../debate/schema';

/** Independent of the order of fields and of fields we do not know: 32 hex digits over the checked copies. */
export const digestOf = (events: readonly RunEvent[]): string => hash128(JSON.stringify(events.map(parseRunEvent)));
