import { errorWords } from '../app/error-words';
import { asFault } from '../session/engine-host.svelte';

/** Why a model could not be had; empty when somebody gave it up. */
export function problemWords(error: unknown): string {
  const fault = asFault(error);
  return fault.code === 'aborted' ? '' : errorWords(fault);
}
