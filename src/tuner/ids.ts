// Names the endpoint gives: random, so that nobody guesses or chooses one, and safe as names of files.

/** Fills `count` random bytes. */
export type Random = (count: number) => Uint8Array;

export const systemRandom: Random = count => crypto.getRandomValues(new Uint8Array(count));

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Each byte below 248 = 4 × 62 gives one of 62 letters, all equally often. */
export function letters(random: Random, count: number): string {
  let text = '';
  while (text.length < count) for (const byte of random(count)) if (byte < 248 && text.length < count) text += alphabet[byte % 62];
  return text;
}

export const isFileId = (text: string): boolean => /^file-[A-Za-z0-9]{20,32}$/.test(text);
export const isJobId = (text: string): boolean => /^ftjob-[A-Za-z0-9]{20,32}$/.test(text);

export const newFileId = (random: Random): string => `file-${letters(random, 24)}`;
export const newJobId = (random: Random): string => `ftjob-${letters(random, 24)}`;

const stemOf = (job: string): string => job.slice('ftjob-'.length);
/** Sorted as text they are in the order of their sequence numbers. */
export const eventId = (job: string, seq: number): string => `ftevent-${stemOf(job)}${String(seq).padStart(8, '0')}`;
export const checkpointId = (job: string, step: number): string => `ftckpt_${stemOf(job)}${String(step).padStart(8, '0')}`;
