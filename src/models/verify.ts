// Runs the self-check of a freshly loaded model and says what follows from it.
import type { Model } from './batch';
import type { SelfCheck } from './engine';
import { EngineError } from './fault';
import {
  boundsOf,
  checkPrefill,
  checkRagged,
  checkReference,
  checkRows,
  checkZero,
  PROBE,
  RAGGED,
  speakPlain,
  withoutAdapters,
} from './self-check';
import type { Reference } from './self-check-reference';

/** The device computes this model wrongly; another device may not. */
export class SelfCheckFailed extends EngineError {
  override name = 'SelfCheckFailed';
  constructor(readonly checks: readonly SelfCheck[]) {
    const failed = checks.filter(c => !c.passed).map(c => `${c.name} (${c.value.toPrecision(2)}, bound ${c.bound})`);
    super(
      'bad-model',
      `The self-check failed: ${failed.join('; ')}.`,
      'This device computes this model wrongly. Another precision or device may not.',
    );
  }
}

export interface VerifyParts {
  model: Model;
  /** The same weights without adapter inputs, with them, and with an adapter to try out; or why these are not at hand. Null = the graph takes no adapters. */
  adapted: { plain: Model; model: Model; probe: Model } | string | null;
  references: readonly Reference[];
  dtype: string;
  onStep(done: number, total: number): void;
}

export interface Verdict {
  checks: SelfCheck[];
  /** Rows must run one at a time: everything is right but batches. */
  singly: boolean;
}

/** @throws SelfCheckFailed when more than batching is wrong */
export async function verify({ model, adapted, references, dtype, onStep }: VerifyParts): Promise<Verdict> {
  const bounds = boundsOf(dtype);
  const work: (() => Promise<SelfCheck | SelfCheck[]>)[] = [() => checkRagged(model, bounds), () => checkPrefill(model, bounds)];
  if (typeof adapted === 'string') work.push(async () => withoutAdapters(adapted));
  else if (adapted)
    work.push(
      async () => checkZero(adapted.model, await speakPlain(adapted.plain), bounds),
      () => checkRows(adapted.probe, PROBE, bounds),
    );
  if (references.length) work.push(() => checkReference(model, references, bounds));
  const checks: SelfCheck[] = [];
  onStep(0, work.length);
  for (const [i, run] of work.entries()) {
    checks.push(...[await run()].flat());
    onStep(i + 1, work.length);
  }
  const failed = checks.filter(c => !c.passed);
  if (failed.some(c => c.name !== RAGGED)) throw new SelfCheckFailed(checks);
  return { checks, singly: failed.length > 0 };
}
