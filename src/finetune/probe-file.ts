// What a trainer writes down beside its result, so that whoever loads it can prove that it arrived.
/** `probe.json`: held-out rows whose mean NLL the page recomputes to prove that base and result arrived as they were trained. */
export interface Probe {
  schema: 1;
  /** The rows come from the validation file; false where there was none and training rows had to do. */
  heldOut?: boolean;
  rows: { tokens: number[]; /** 1 where the token is a target. */ mask: (0 | 1)[]; base: number; tuned: number }[];
}
