// The one error the engine throws: a closed set of codes that survives the way out of a worker.
import type { EngineFault } from './engine';

export class EngineError extends Error {
  readonly code: EngineFault['code'];
  readonly hint?: string;

  constructor(code: EngineFault['code'], message: string, hint?: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'EngineError';
    this.code = code;
    if (hint !== undefined) this.hint = hint;
  }
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Anything thrown, as data. What onnxruntime throws is told apart by its words: it has no codes. */
export function toFault(error: unknown): EngineFault {
  if (error instanceof EngineError) {
    return { code: error.code, message: error.message, ...(error.hint === undefined ? {} : { hint: error.hint }) };
  }
  const message = messageOf(error);
  if (error instanceof DOMException && error.name === 'AbortError') return { code: 'aborted', message };
  if (/device.{0,20}lost|lost.{0,20}device/i.test(message))
    return { code: 'device-lost', message, hint: 'The graphics device stopped; the engine starts again.' };
  if (/out of memory|bad_alloc|failed to allocate|memory access out of bounds|Array buffer allocation failed/i.test(message))
    return { code: 'out-of-memory', message, hint: 'Use fewer agents at once, a shorter context or a smaller model.' };
  return { code: 'internal', message };
}

export const fromFault = (fault: EngineFault): EngineError => new EngineError(fault.code, fault.message, fault.hint);
