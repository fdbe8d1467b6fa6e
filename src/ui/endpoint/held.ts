// Why nothing was ordered: a word of the reader, not a fault of an endpoint. A loop that meets it halts, and goes on where it was.
export class TrainingHeld extends Error {
  override readonly name = 'TrainingHeld';
  constructor(
    readonly code: 'declined' | 'export_only' | 'no_place',
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}
