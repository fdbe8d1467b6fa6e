// Where training happens: chosen by the reader, remembered without its key, and handed to the loop as one function.
import type { EndpointLabel } from '../../experiment/records';
import type { CheckReport } from '../../finetune/check-report';
import { createClient, type Client, type ClientOptions } from '../../finetune/client';
import { cancelJobs, forgetLoop, holdings, type Holding } from '../../finetune/holdings';
import type { Tuned, TuneOrder, TuneUpdate } from '../../datasets/order';
import { runOrder } from '../../finetune/run-order';
import type { ModelObject } from '../../finetune/wire';
import type { ConsentRequest } from './consent';
import { Consents } from './consents.svelte';
import { Doctor } from './doctor.svelte';
import { TrainingHeld } from './held';
import { JobBoard } from './job-board.svelte';
import type { JobView } from './jobs';
import { readChoice, type EndpointKind } from './kept-choice';
import { KeyField } from './key-field.svelte';
import { PageTrainer } from './page-trainer.svelte';
import { jobOrigin, labelOf, originOf, problemOf, unaskedWords, type Place } from './place';
import type { EndpointPorts } from './ports';
import { findServer, type ServerInfo } from './server-info';
import { builtIn, trainedAmong, untrainedWords } from './untrained';

export class EndpointChoice {
  #kind = $state.raw<EndpointKind>('page');
  #url = $state.raw('');
  #graphics = $state.raw(false);
  #hasAdapter = $state.raw(false);
  /** undefined = not asked yet. */
  #server = $state.raw<ServerInfo | null | undefined>(undefined);
  /** null = not known. */
  #serverModels = $state.raw<readonly ModelObject[] | null>(null);
  readonly #ports: EndpointPorts;
  readonly #key: KeyField;
  readonly #trainer: PageTrainer;
  readonly #consents: Consents;
  readonly #doctor = new Doctor();
  readonly #board = new JobBoard();
  #client: { baseUrl: string; token: string; client: Client } | null = null;
  /** The reader chose, now or in an earlier visit. */
  #chosen = false;
  /** Resolves once it is known which places there are, and the key of an earlier visit if it was kept. */
  readonly ready: Promise<void>;

  constructor(ports: EndpointPorts) {
    this.#ports = ports;
    this.#key = new KeyField(ports.secrets);
    this.#trainer = new PageTrainer(ports);
    this.#consents = new Consents(ports);
    const kept = readChoice(ports.kept('endpoint'));
    this.#kind = kept?.kind ?? 'page';
    this.#url = kept?.url ?? '';
    this.#graphics = kept?.graphics ?? false;
    this.#chosen = kept !== null;
    this.ready = this.#start();
  }

  async #start(): Promise<void> {
    void this.#ports.adapter().then(has => (this.#hasAdapter = has));
    if (this.#url) await this.#key.recall(this.#url);
    this.#server = await findServer((url, init) => this.#ports.fetch(url, init), this.#ports.base);
    // A server that trains does it much faster than a page: it is the first choice where nobody chose otherwise.
    if (this.#server && !this.#chosen) this.#kind = 'server';
    if (!this.#server && this.#kind === 'server') this.#kind = 'page';
    // What it trains is told before a loop is begun; without it the first job tells.
    if (this.#server)
      this.#serverModels = await this.client('server')
        .then(client => client.models(AbortSignal.timeout(30_000)))
        .catch(() => null);
  }

  get kind(): EndpointKind {
    return this.#kind;
  }
  get url(): string {
    return this.#url;
  }
  /** Whether the page's trainer could use a graphics card. */
  get hasAdapter(): boolean {
    return this.#hasAdapter;
  }
  /** Whether it is to: chosen, and there is one. */
  get graphics(): boolean {
    return this.#graphics && this.#hasAdapter;
  }
  get key(): string {
    return this.#key.key;
  }
  /** Whether the key stays in this browser after this visit. */
  get keepKey(): boolean {
    return this.#key.kept;
  }
  /** What went wrong with keeping keys; empty = nothing. */
  get keyProblem(): string {
    return this.#key.problem;
  }
  /** Whether the server of this page trains; undefined = not known yet. */
  get serverTrains(): boolean | undefined {
    return this.#server === undefined ? undefined : this.#server !== null;
  }
  get report(): CheckReport | null {
    return this.#doctor.report;
  }
  get checking(): boolean {
    return this.#doctor.checking;
  }
  /** What waits for the reader's word; null = nothing. Shown by `EndpointConsent`. */
  get consent(): ConsentRequest | null {
    return this.#consents.pending;
  }
  /** Jobs under way, and those of the same iteration that are over. */
  get jobs(): readonly JobView[] {
    return this.#board.jobs;
  }
  /** Why the page's trainer was last started again; empty = it was not. */
  get restarted(): string {
    return this.#trainer.restarted;
  }

  get #place(): Place {
    return { kind: this.#kind, url: this.#url, server: this.#server };
  }

  /** What keeps a loop from being started; empty = nothing. */
  readonly problem = $derived.by(() => problemOf(this.#place, this.#ports.place()));

  /** What keeps a loop over this base from being trained there, as far as the place has said what it trains; empty = nothing known. */
  problemWith(base: string): string {
    if (this.problem || this.#kind === 'export') return this.problem;
    const trains = this.#trains();
    return trains === null || trains.includes(base) ? '' : untrainedWords(this.#kind, trains, base);
  }

  #trains(): readonly string[] | null {
    if (this.#kind === 'page') return builtIn;
    return trainedAmong(this.#kind === 'server' ? this.#serverModels : (this.report?.models ?? null));
  }

  /** Where training happens, as the record of a loop should tell it; null = nowhere, only export. */
  get label(): EndpointLabel | null {
    return labelOf(this.#place);
  }

  /** Origin that jobs of this place are remembered under; null = there is none. */
  get origin(): string | null {
    return jobOrigin(this.#place, this.#ports.base);
  }

  /**
   * What keeps jobs of a loop from being watched without a word of the reader; empty = nothing. Ask once `ready`.
   * @param ordered origin of the endpoint that has them; null = nobody remembers
   */
  unasked(loop: string, ordered: string | null): string {
    const where = { kind: this.#kind, ordered, chosen: this.origin, page: this.#ports.place().origin };
    return unaskedWords(where, { key: this.key !== '', consent: origin => this.#consents.knows(loop, origin) });
  }

  choose(kind: EndpointKind): void {
    this.#chosen = true;
    this.#kind = kind;
    this.#doctor.forget();
    this.#remember();
  }

  /** For the jobs that are ordered from now on. */
  setGraphics(on: boolean): void {
    this.#graphics = on;
    this.#remember();
    this.#trainer.changed();
  }

  setUrl(url: string): void {
    this.#key.moved(this.#url, url);
    this.#url = url;
    this.#doctor.forget();
    this.#remember();
  }

  async setKey(key: string, keep = this.keepKey): Promise<void> {
    this.#doctor.forget();
    await this.#key.set(this.#url, key, keep);
  }

  #remember(): void {
    this.#ports.keep('endpoint', JSON.stringify({ kind: this.#kind, url: this.#url, graphics: this.#graphics }));
  }

  /** Asks the endpoint what is wrong with it, if anything. Call it from a click: the browser may ask for permission. */
  async check(base: string | null): Promise<void> {
    const where = this.#kind === 'server' ? this.#server : { url: this.#url.trim(), token: this.key };
    if (!where) return this.#doctor.forget();
    const { fetch, permission } = this.#ports;
    await this.#doctor.check({ baseUrl: where.url, token: where.token, fetch, permission, page: this.#ports.place(), base });
  }

  /** @throws TrainingHeld, PageTunerError */
  async client(kind = this.#kind): Promise<Client> {
    const { fetch } = this.#ports;
    switch (kind) {
      case 'page': {
        const tuner = await this.#trainer.open(this.graphics ? 'webgpu' : 'wasm');
        return this.#clientOf({ baseUrl: tuner.baseUrl, token: tuner.token, fetch: tuner.fetch, fewConnections: false });
      }
      case 'server':
        if (!this.#server) throw new TrainingHeld('no_place', 'The server of this page does not train.', 'Choose another place to train.');
        return this.#clientOf({ baseUrl: this.#server.url, token: this.#server.token, fetch });
      case 'url': {
        const problem = problemOf({ ...this.#place, kind }, this.#ports.place());
        if (problem !== '') throw new TrainingHeld('no_place', problem, 'Correct the address, or choose another place to train.');
        return this.#clientOf({ baseUrl: this.#url.trim(), token: this.key, fetch });
      }
      case 'export':
        throw new TrainingHeld(
          'export_only',
          'The sets are made; training them is left to you.',
          'Export them on the Data screen, or choose a place to train and go on.',
        );
    }
  }

  /** One client for all jobs of a place: it counts their streams. */
  #clientOf(options: ClientOptions): Client {
    const { baseUrl, token } = options;
    if (this.#client?.baseUrl !== baseUrl || this.#client.token !== token) this.#client = { baseUrl, token, client: createClient(options) };
    return this.#client.client;
  }

  /** The loop's `finetune` port. Waits for the reader's word before the first rows of a loop leave the page. */
  readonly finetune = (order: TuneOrder, on: (update: TuneUpdate) => void, signal: AbortSignal): Promise<Tuned> =>
    this.#trainer.using(() =>
      this.#board.follow(order, signal, async (show, stop) => {
        const inPage = this.#kind === 'page';
        const { memos, app, sleep } = this.#ports;
        const client = await this.client();
        if (!inPage) {
          const { upstream, terms } = await client.meet(stop);
          await this.#consents.ask(order, { origin: client.origin, upstream, terms: terms(order.base) }, stop);
        }
        const tell = (update: TuneUpdate): void => {
          show(update);
          on(update);
        };
        return runOrder(client, order, tell, { signal: stop, remembered: memos, app, sleep, tidy: inPage ? 'all' : 'rows' });
      }),
    );

  /** Cancels one job, here and at the endpoint. */
  cancel(key: string): void {
    this.#board.cancel(key);
  }

  /**
   * Cancels every job of a loop, also those that nobody watches because the loop is paused.
   * @throws EndpointError, PageTunerError; TrainingHeld where there is no endpoint
   */
  async cancelLoop(loop: string): Promise<void> {
    for (const job of this.jobs) if (job.loop === loop) this.cancel(job.key);
    if (this.#kind === 'export') return;
    await this.#trainer.using(async () => cancelJobs(await this.client(), loop, AbortSignal.timeout(30_000)));
  }

  /** What the chosen place holds of loops of this program. @throws EndpointError, PageTunerError, TrainingHeld */
  holdings(): Promise<Holding[]> {
    return this.#trainer.using(async () => holdings(await this.client(), AbortSignal.timeout(60_000)));
  }

  /** Has the chosen place delete all it holds of a loop. @throws EndpointError, PageTunerError, TrainingHeld */
  forget(loop: string): Promise<void> {
    return this.#trainer.using(async () => forgetLoop(await this.client(), loop, AbortSignal.timeout(120_000)));
  }

  /**
   * Before a loop is deleted here: what the page's own trainer keeps of it goes too, and elsewhere what is under way is cancelled.
   * @param place where it was last trained, if it is unfinished; null = nothing can be under way
   * @throws EndpointError, PageTunerError, TrainingHeld
   */
  async letGo(loop: string, place: EndpointLabel | null): Promise<void> {
    if (await this.#ports.pageTrained())
      await this.#trainer.using(async () => forgetLoop(await this.client('page'), loop, AbortSignal.timeout(120_000)));
    if (place === null || place.kind === 'page' || place.kind === 'process' || place.kind === 'export') return;
    if (place.kind === 'url' && originOf(this.#url) !== place.origin)
      throw new TrainingHeld(
        'no_place',
        `What ${place.origin} may still be training of it was not cancelled.`,
        'Choose that address as the place to train, and delete there what is kept.',
      );
    await cancelJobs(await this.client(place.kind), loop, AbortSignal.timeout(30_000));
  }

  /** The reader's word on what `consent` asks. */
  answer(agreed: boolean): void {
    this.#consents.answer(agreed);
  }
}
