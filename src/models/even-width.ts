// How wide prompts are padded, so that a row's numbers do not depend on its neighbours.

/**
 * Attention on the processor works in blocks of an even number of positions; a last block of a single one takes another kernel, which rounds
 * otherwise: row 33 of a prompt came out 4e-6 apart whether its batch was 33 or 34 wide. An even width never leaves one over.
 */
export const evenWidth = (width: number): number => width + (width % 2);
