/** What went wrong, and behind it what to do where the error says so. */
export function errorWords(error: unknown): string {
  const { message, hint } = error as { message?: string; hint?: string };
  return [message ?? String(error), hint].filter(Boolean).join(' ');
}
