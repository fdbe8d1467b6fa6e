// Nothing comes from another site before the user agreed: first to asking that host about a model, then to the exact bytes of its files.
import type { NamedFile } from './choose-files';
import type { EngineModelRef } from './engine';
import { EngineError } from './fault';

export const DEFAULT_HUB = 'https://huggingface.co';

export type HubRef = Extract<EngineModelRef, { kind: 'hub' }>;

/** What is asked about: what loading a model would cost. */
export interface ModelDescription {
  files: NamedFile[];
  /** Bytes of all files, and of those that are not here yet. */
  total: number;
  missing: number;
  dtype: string;
  device: string;
  /** Why this device and this precision, in words. */
  reason: string;
}

export interface FetchQuestion {
  ref: HubRef;
  /** Origin the model would come from. */
  host: string;
  /** What would be fetched; null while nothing is known of the model and the host itself would have to be asked. */
  offer: ModelDescription | null;
}

export type AskFetch = (question: FetchQuestion) => Promise<boolean>;

export const originOf = ({ host = DEFAULT_HUB }: HubRef): string => new URL(host).origin;

/** The user did not agree. Whoever waited for the model stops; asking again asks the user again. */
export class FetchRefused extends EngineError {
  override name = 'FetchRefused';
  constructor({ id }: HubRef, host: string) {
    super(
      'aborted',
      `Nothing was fetched: ${id} would come from ${new URL(host).host}, and nobody agreed to that.`,
      'Start again to be asked again.',
    );
  }
}

/** What was agreed to for one model during one load. */
export class Permit {
  readonly #question: Omit<FetchQuestion, 'offer'>;
  readonly #ask: AskFetch;
  readonly #files = new Map<string, number>();
  #reached: Promise<void> | null = null;

  constructor(ref: HubRef, ask: AskFetch) {
    this.#question = { ref, host: originOf(ref) };
    this.#ask = ask;
  }

  /** Resolves when the host may be asked about the model. @throws FetchRefused */
  reach(): Promise<void> {
    this.#reached ??= this.#agree(null);
    return this.#reached;
  }

  /** Resolves when every file of the offer is here or may be fetched. @throws FetchRefused */
  async download(offer: ModelDescription): Promise<void> {
    if (offer.missing > 0) await this.#agree(offer);
    for (const { name, bytes } of offer.files) this.#files.set(name, bytes);
  }

  /** @throws FetchRefused for a file, or a length of it, that nobody was asked about */
  check(path: string, bytes: number | undefined): void {
    const { ref, host } = this.#question;
    const agreed = this.#files.get(path);
    if (agreed === undefined || (bytes !== undefined && bytes !== agreed)) throw new FetchRefused(ref, host);
  }

  async #agree(offer: ModelDescription | null): Promise<void> {
    const { ref, host } = this.#question;
    if (!(await this.#ask({ ...this.#question, offer }))) throw new FetchRefused(ref, host);
  }
}
