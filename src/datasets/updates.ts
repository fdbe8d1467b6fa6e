// How many updates of the weights a training makes: one rule for the loop that plans them, the order that asks for them and the trainer.

/** Fewer updates than this rarely change anything: that is said before a training starts. */
export const fewUpdates = 10;

/**
 * Epochs follow each other without a gap, so that only the last update of all may see fewer rows.
 * @param epochs passes over the rows; not read where `steps` is given
 */
export const updatesOf = (
  rows: number,
  { steps, epochs, batchSize }: { steps: number | null; epochs: number | null; batchSize: number },
): number => steps ?? Math.ceil((rows * (epochs ?? 1)) / batchSize);
