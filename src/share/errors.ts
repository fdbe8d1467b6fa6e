// Everything that can be wrong with a shared run, in words for the card that is shown in its place.

export type ShareErrorCode =
  /** It is no run at all. */
  | 'not-a-run'
  /** It was one, and has been cut or changed on the way. */
  | 'damaged'
  | 'too-large'
  /** Made by a later version. */
  | 'newer'
  /** A field is missing or of another kind. */
  | 'invalid'
  /** Its events cannot have happened together. */
  | 'contradiction'
  /** It carries what only an attack would. */
  | 'hostile'
  | 'network'
  /** Another host must be confirmed first. */
  | 'consent';

export class ShareError extends Error {
  override readonly name = 'ShareError';
  constructor(
    readonly code: ShareErrorCode,
    message: string,
    /** What the reader can do about it. */
    readonly hint: string,
    cause?: unknown,
  ) {
    super(message, { cause });
  }
}
