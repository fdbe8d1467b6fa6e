// What can go wrong with the record, as a closed list, so that the page never greps a message.

export type StoreErrorCode =
  /** No such run. */
  | 'missing'
  /** This run, turn or decision is already in the journal. */
  | 'duplicate'
  /** Another tab is writing to this run. */
  | 'busy'
  /** Another writer moved the journal on since this one last read it. */
  | 'conflict'
  /** Written by a newer version: can be read as far as possible and exported, not written. */
  | 'read-only'
  /** A stored record does not have the shape it must have. */
  | 'damaged'
  /** There is no connection to the database. */
  | 'closed'
  | 'quota'
  | 'disk';

export class StoreError extends Error {
  override readonly name = 'StoreError';
  constructor(
    readonly code: StoreErrorCode,
    message: string,
    /** What the user can do about it. */
    readonly hint = '',
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}

/** Failures of the medium, after which a run goes on from memory; the others are mistakes of the caller or of another tab. */
export const isMediumFailure = (error: StoreError): boolean => error.code === 'quota' || error.code === 'disk' || error.code === 'closed';

/** A browser's storage error under our codes. Anything that is not one is a defect of ours and is passed on as it is. */
export function asStoreError(error: unknown): unknown {
  if (error instanceof StoreError || !(error instanceof DOMException)) return error;
  switch (error.name) {
    case 'QuotaExceededError':
      return new StoreError(
        'quota',
        'This browser has no room left for the record.',
        'Export the run, then delete old runs or models.',
        error,
      );
    case 'ConstraintError':
      return new StoreError('duplicate', 'This event is already in the journal.', '', error);
    // idb and the browser report a closed or closing connection with either of these.
    case 'InvalidStateError':
    case 'TransactionInactiveError':
      return new StoreError('closed', 'The connection to the record was closed.', 'Reload the page.', error);
    case 'DataCloneError':
      return error;
    default:
      return new StoreError(
        'disk',
        `The browser could not store the record (${error.name}).`,
        'Export the run, then reload the page.',
        error,
      );
  }
}

/** Null where a record is damaged or of a newer version. */
export async function unlessUnreadable<T>(reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof StoreError && (error.code === 'damaged' || error.code === 'read-only')) return null;
    throw error;
  }
}
