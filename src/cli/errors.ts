// What ends a command with a message instead of a stack trace.

export class CliError extends Error {
  override readonly name = 'CliError';
  /** @param exitCode 2 = wrong usage, 130 = interrupted, 1 = anything else */
  constructor(
    message: string,
    readonly exitCode = 1,
  ) {
    super(message);
  }
}
