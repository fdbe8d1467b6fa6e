// One line on stderr about a run that goes on: how far, how fast, how long.
import type { RunState } from '../debate/fold';

export interface Progress {
  show(state: RunState): void;
  /** Ends the line. */
  end(): void;
}

export const duration = (seconds: number): string => {
  const s = Math.round(seconds);
  return s < 90 ? `${s} s` : s < 5400 ? `${Math.round(s / 60)} min` : `${(s / 3600).toFixed(1)} h`;
};

/** @param total calls of the whole run; @param before calls that were stored when this sitting began */
export function createProgress(
  total: number,
  before: { calls: number; newTokens: number },
  now: () => number,
  out: NodeJS.WriteStream = process.stderr,
): Progress {
  const begun = now();
  // A terminal's line is redrawn; a log gets one line now and then.
  const every = out.isTTY ? 200 : 5000;
  let last = begun;
  const line = ({ ledger, questions }: RunState): string => {
    const seconds = (now() - begun) / 1000;
    const done = ledger.calls - before.calls;
    const decided = [...questions.values()].filter(({ vote }) => vote).length;
    const rate = seconds > 0 ? Math.round((ledger.newTokens - before.newTokens) / seconds) : 0;
    const left = done > 0 ? duration(((total - ledger.calls) * seconds) / done) : '?';
    const failed = ledger.failed ? `, ${ledger.failed} failed` : '';
    return `${decided}/${questions.size} questions, ${ledger.calls}/${total} turns${failed}, ${rate} tokens/s, ${left} left`;
  };
  return {
    show(state) {
      if (now() - last < every) return;
      last = now();
      out.write(out.isTTY ? `\r\u001b[K${line(state)}` : `${line(state)}\n`);
    },
    end() {
      if (out.isTTY) out.write('\r\u001b[K');
    },
  };
}
