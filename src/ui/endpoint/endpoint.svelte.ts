// Where training happens: chosen by the reader, remembered without its key, and handed to the loop as one function.
import { builtinModel } from '../../debate/defaults';
import type { EndpointLabel } from '../../experiment/records';
import { checkEndpoint, type CheckReport } from '../../finetune/check-endpoint';
import { createClient, type Client, type ClientOptions, type Fetch } from '../../finetune/client';
import { addressProblem, pageOrigin, type PagePlace } from '../../finetune/endpoint-address';
import { EndpointError } from '../../finetune/errors';
import { Keys, type SecretStore } from '../../finetune/keys';
import type { MemoStore } from '../../finetune/memo';
import type { Tuned, TuneOrder, TuneUpdate } from '../../finetune/order';
import type { Sleep } from '../../finetune/retry';
import { cancelReason, runOrder } from '../../finetune/run-order';
import type { PageTuner, PageTunerOptions } from '../../tuner/page';
import { cancelJobs, forgetLoop, holdings, type Holding } from '../../finetune/holdings';
import type { ModelObject } from '../../finetune/wire';
import { consentKey, joined, readConsents, withConsent, type ConsentRequest } from './consent';
import { TrainingHeld } from './held';
import { isOver, newJob, withUpdate, type JobView } from './jobs';
import { placeWords } from './place-words';
import { findServer, type ServerInfo } from './server-info';

/** `server`: the one this page came from. `export`: sets are made, and trained elsewhere by hand. */
export type EndpointKind = 'page' | 'server' | 'url' | 'export';
const kinds: readonly EndpointKind[] = ['page', 'server', 'url', 'export'];

export interface EndpointPorts {
  fetch: Fetch;
  openPageTuner(options: PageTunerOptions): Promise<PageTuner>;
  /** Whether the page's trainer has left anything in this browser. */
  pageTrained(): Promise<boolean>;
  memos: MemoStore;
  /** null = keys live in memory only. */
  secrets: SecretStore | null;
  place(): PagePlace;
  permission(name: string): Promise<PermissionState | null>;
  /** Whether there is a graphics adapter to train on. */
  adapter(): Promise<boolean>;
  /** `document.baseURI`. */
  base: string;
  /** Name and version of this program. */
  app: string;
  kept(name: string): string | null;
  keep(name: string, value: string | null): void;
  sleep?: Sleep;
}

/** Bases that every build of the page carries, and its own trainer with them (tuner/page.worker.ts). */
const builtIn: readonly string[] = [builtinModel.id];

interface Waiter {
  grant(): void;
  refuse(reason: unknown): void;
}

export class EndpointChoice {
  #kind = $state.raw<EndpointKind>('page');
  #url = $state.raw('');
  #graphics = $state.raw(false);
  #hasAdapter = $state.raw(false);
  #key = $state.raw('');
  #keepKey = $state.raw(false);
  #keyProblem = $state.raw('');
  /** undefined = not asked yet. */
  #server = $state.raw<ServerInfo | null | undefined>(undefined);
  /** null = not known. */
  #serverModels = $state.raw<readonly ModelObject[] | null>(null);
  #report = $state.raw<CheckReport | null>(null);
  #checking = $state.raw<AbortController | null>(null);
  #pending = $state.raw<ConsentRequest | null>(null);
  #jobs = $state.raw<readonly JobView[]>([]);
  #restarted = $state.raw('');

  readonly #ports: EndpointPorts;
  readonly #keys: Keys;
  #tuner: Promise<PageTuner> | null = null;
  #closing: Promise<void> = Promise.resolve();
  #users = 0;
  #client: { baseUrl: string; token: string; client: Client } | null = null;
  #waiters: Waiter[] = [];
  /** The reader chose, now or in an earlier visit. */
  #chosen = false;
  /** Changes of the key by hand. */
  #typed = 0;
  /** Also here, since storage may refuse to remember. */
  readonly #agreed = new Set<string>();
  readonly #cancels = new Map<string, AbortController>();
  /** Resolves once it is known which places there are, and the key of an earlier visit if it was kept. */
  readonly ready: Promise<void>;

  constructor(ports: EndpointPorts) {
    this.#ports = ports;
    this.#keys = new Keys(ports.secrets);
    const kept = readChoice(ports.kept('endpoint'));
    this.#kind = kept?.kind ?? 'page';
    this.#url = kept?.url ?? '';
    this.#graphics = kept?.graphics ?? false;
    this.#chosen = kept !== null;
    this.ready = this.#start();
  }

  async #start(): Promise<void> {
    void this.#ports.adapter().then(has => (this.#hasAdapter = has));
    if (this.#url) await this.#recall();
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

  /** The key of the URL, if one is known. */
  async #recall(): Promise<void> {
    const url = this.#url;
    const typed = this.#typed;
    if (!URL.canParse(url)) return;
    try {
      const [key, kept] = [await this.#keys.get(url), await this.#keys.isKept(url)];
      // Whoever typed a key meanwhile meant that one.
      if (this.#url !== url || this.#typed !== typed) return;
      this.#key = key ?? '';
      this.#keepKey = kept;
    } catch (error) {
      this.#keyProblem = `Kept keys cannot be read: ${wordsOf(error)}`;
    }
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
    return this.#key;
  }
  /** Whether the key stays in this browser after this visit. */
  get keepKey(): boolean {
    return this.#keepKey;
  }
  /** What went wrong with keeping keys; empty = nothing. */
  get keyProblem(): string {
    return this.#keyProblem;
  }
  /** Whether the server of this page trains; undefined = not known yet. */
  get serverTrains(): boolean | undefined {
    return this.#server === undefined ? undefined : this.#server !== null;
  }
  get report(): CheckReport | null {
    return this.#report;
  }
  get checking(): boolean {
    return this.#checking !== null;
  }
  /** What waits for the reader's word; null = nothing. Shown by `EndpointConsent`. */
  get consent(): ConsentRequest | null {
    return this.#pending;
  }
  /** Jobs under way, and those of the same iteration that are over. */
  get jobs(): readonly JobView[] {
    return this.#jobs;
  }
  /** Why the page's trainer was last started again; empty = it was not. */
  get restarted(): string {
    return this.#restarted;
  }

  /** What keeps a loop from being started; empty = nothing. */
  readonly problem = $derived.by(() => {
    if (this.#kind === 'server' && this.#server === null) return 'The server of this page does not train.';
    return this.#kind === 'url' ? this.#addressProblem() : '';
  });

  #addressProblem(): string {
    if (this.#url.trim() === '') return 'The address of the endpoint is missing.';
    const wrong = addressProblem(this.#url.trim(), this.#ports.place());
    return wrong ? `${wrong.found} ${wrong.next}` : '';
  }

  /** What keeps a loop over this base from being trained there, as far as the place has said what it trains; empty = nothing known. */
  problemWith(base: string): string {
    if (this.problem || this.#kind === 'export') return this.problem;
    const trains = this.#trains();
    if (trains === null || trains.includes(base)) return '';
    const list = trains.join(', ') || 'nothing';
    const elsewhere = 'or let the society speak with a model that is trained there';
    switch (this.#kind) {
      case 'page':
        return `This page itself trains only its built-in model (${list}), not ${base}. Choose another place to train, ${elsewhere}.`;
      case 'server':
        return `The server of this page trains ${list}, not ${base}. Start it with --models and a folder that holds ${base}, ${elsewhere}.`;
      case 'url':
        return `That endpoint trains ${list}, not ${base}. Start it with ${base} among its models, ${elsewhere}.`;
    }
  }

  /** Ids of the bases that the chosen place trains; null = it has not said. */
  #trains(): readonly string[] | null {
    if (this.#kind === 'page') return builtIn;
    const models = this.#kind === 'server' ? this.#serverModels : (this.#report?.models ?? null);
    const trained = models?.filter(({ tuner }) => tuner?.trainable).map(({ id }) => id);
    return trained?.length ? trained : null;
  }

  /** Where training happens, as the record of a loop should tell it; null = nowhere, only export. */
  get label(): EndpointLabel | null {
    switch (this.#kind) {
      case 'page':
      case 'server':
        return { kind: this.#kind, origin: '' };
      case 'url':
        return { kind: 'url', origin: URL.canParse(this.#url) ? new URL(this.#url).origin : '' };
      case 'export':
        return null;
    }
  }

  /** Origin that jobs of this place are remembered under; null = there is none. */
  get origin(): string | null {
    if (this.#kind === 'page') return pageOrigin;
    if (this.#kind === 'server') return this.#server ? new URL(this.#server.url, this.#ports.base).origin : null;
    return this.label?.origin || null;
  }

  /**
   * What keeps jobs of a loop from being watched without a word of the reader; empty = nothing. Ask once `ready`.
   * @param origin of the endpoint that has them; null = nobody remembers
   */
  unasked(loop: string, origin: string | null): string {
    if (origin === null) return 'Where its trainings were ordered is not known here any more. Choose that place, then press Resume.';
    if (origin !== this.origin) {
      const there = placeWords(origin, this.#ports.place().origin);
      return `Its trainings were ordered ${there}; another place is chosen now, or that one does not answer. Choose it, then press Resume.`;
    }
    if (this.#kind === 'page') return '';
    if (this.#kind === 'url' && this.#key === '')
      return `The key of ${origin} was not kept. Enter it, if one is needed, then press Resume.`;
    const known = [...this.#agreed, ...readConsents(this.#ports.kept('endpoint-consents'))];
    const here = `${loop}@${origin}`;
    return known.some(key => key === here || key.startsWith(`${here}>`))
      ? ''
      : `Rows have not been released to ${origin} yet. Press Resume to be asked.`;
  }

  choose(kind: EndpointKind): void {
    this.#chosen = true;
    this.#kind = kind;
    this.#report = null;
    this.#remember();
  }

  /** For the jobs that are ordered from now on. */
  setGraphics(on: boolean): void {
    this.#graphics = on;
    this.#remember();
    if (this.#users === 0) void this.close();
  }

  setUrl(url: string): void {
    this.#keys.moved(this.#url, url);
    const same = URL.canParse(url) && URL.canParse(this.#url) && new URL(url).origin === new URL(this.#url).origin;
    this.#url = url;
    this.#report = null;
    if (!same) {
      this.#key = '';
      this.#keepKey = false;
      void this.#recall();
    }
    this.#remember();
  }

  async setKey(key: string, keep = this.#keepKey): Promise<void> {
    this.#typed++;
    this.#key = key;
    this.#keepKey = keep;
    this.#report = null;
    this.#keyProblem = '';
    if (!URL.canParse(this.#url)) return;
    try {
      await this.#keys.set(this.#url, key, keep);
    } catch (error) {
      // It still works in this visit.
      this.#keepKey = false;
      this.#keyProblem = `The key cannot be kept: ${wordsOf(error)}`;
    }
  }

  #remember(): void {
    this.#ports.keep('endpoint', JSON.stringify({ kind: this.#kind, url: this.#url, graphics: this.#graphics }));
  }

  /** Asks the endpoint what is wrong with it, if anything. Call it from a click: the browser may ask for permission. */
  async check(base: string | null): Promise<void> {
    this.#checking?.abort();
    const mine = new AbortController();
    this.#checking = mine;
    this.#report = null;
    try {
      const where = this.#kind === 'server' ? this.#server : { url: this.#url.trim(), token: this.#key };
      if (!where) return;
      const { fetch, permission } = this.#ports;
      const report = await checkEndpoint(
        { baseUrl: where.url, token: where.token, fetch, permission, page: this.#ports.place(), base },
        mine.signal,
      );
      if (this.#checking === mine) this.#report = report;
    } finally {
      if (this.#checking === mine) this.#checking = null;
    }
  }

  /** @throws TrainingHeld, PageTunerError */
  async client(kind = this.#kind): Promise<Client> {
    const { fetch } = this.#ports;
    switch (kind) {
      case 'page': {
        const tuner = await this.#openTuner();
        return this.#clientOf({ baseUrl: tuner.baseUrl, token: tuner.token, fetch: tuner.fetch, fewConnections: false });
      }
      case 'server':
        if (!this.#server) throw new TrainingHeld('no_place', 'The server of this page does not train.', 'Choose another place to train.');
        return this.#clientOf({ baseUrl: this.#server.url, token: this.#server.token, fetch });
      case 'url':
        if (this.#addressProblem())
          throw new TrainingHeld('no_place', this.#addressProblem(), 'Correct the address, or choose another place to train.');
        return this.#clientOf({ baseUrl: this.#url.trim(), token: this.#key, fetch });
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

  #openTuner(): Promise<PageTuner> {
    if (!this.#tuner) {
      const opening = this.#closing.then(() =>
        this.#ports.openPageTuner({
          device: this.graphics ? 'webgpu' : 'wasm',
          onRestart: reason => void (this.#restarted = reason),
        }),
      );
      this.#tuner = opening;
      // What failed may work later: another tab may have been closed.
      opening.catch(() => (this.#tuner = null));
    }
    return this.#tuner;
  }

  /**
   * The page's trainer lives as long as somebody waits for it: a paused loop leaves the processor alone, and another tab may train.
   * What it was doing goes on from a checkpoint when it is opened again.
   */
  async #using<T>(work: () => Promise<T>): Promise<T> {
    this.#users++;
    try {
      return await work();
    } finally {
      if (--this.#users === 0) void this.close();
    }
  }

  /** The loop's `finetune` port. Waits for the reader's word before the first rows of a loop leave the page. */
  readonly finetune = (order: TuneOrder, on: (update: TuneUpdate) => void, signal: AbortSignal): Promise<Tuned> =>
    this.#using(() => this.#finetune(order, on, signal));

  async #finetune(order: TuneOrder, on: (update: TuneUpdate) => void, signal: AbortSignal): Promise<Tuned> {
    const cancel = new AbortController();
    const stop = AbortSignal.any([signal, cancel.signal]);
    this.#cancels.set(order.key, cancel);
    this.#jobs = [...this.#jobs.filter(job => job.key !== order.key && (!isOver(job) || isBeside(job, order))), newJob(order)];
    const change = (to: (job: JobView) => JobView): void => {
      this.#jobs = this.#jobs.map(job => (job.key === order.key ? to(job) : job));
    };
    try {
      const inPage = this.#kind === 'page';
      const { memos, app, sleep } = this.#ports;
      const client = await this.client();
      if (!inPage) {
        const { upstream, terms } = await client.meet(stop);
        await this.#consented(order, { origin: client.origin, upstream, terms: terms(order.base) }, stop);
      }
      const tuned = await runOrder(
        client,
        order,
        update => {
          change(job => withUpdate(job, update));
          on(update);
        },
        { signal: stop, remembered: memos, app, sleep, tidy: inPage ? 'all' : 'rows' },
      );
      change(job => ({ ...job, status: 'done', left: null, bytes: null }));
      return tuned;
    } catch (error) {
      const cancelled = cancel.signal.aborted && !signal.aborted;
      const told = cancelled ? new EndpointError('The job was cancelled here.', { code: 'cancelled' }) : error;
      const problem = signal.aborted ? '' : wordsOf(told);
      change(job => ({ ...job, status: signal.aborted ? 'stopped' : 'failed', left: null, problem }));
      throw told;
    } finally {
      this.#cancels.delete(order.key);
    }
  }

  /** Cancels one job, here and at the endpoint. */
  cancel(key: string): void {
    this.#cancels.get(key)?.abort(cancelReason);
  }

  /**
   * Cancels every job of a loop, also those that nobody watches because the loop is paused.
   * @throws EndpointError, PageTunerError; TrainingHeld where there is no endpoint
   */
  async cancelLoop(loop: string): Promise<void> {
    for (const job of this.#jobs) if (job.loop === loop) this.cancel(job.key);
    if (this.#kind === 'export') return;
    await this.#using(async () => cancelJobs(await this.client(), loop, AbortSignal.timeout(30_000)));
  }

  /** What the chosen place holds of loops of this program. @throws EndpointError, PageTunerError, TrainingHeld */
  holdings(): Promise<Holding[]> {
    return this.#using(async () => holdings(await this.client(), AbortSignal.timeout(60_000)));
  }

  /** Has the chosen place delete all it holds of a loop. @throws EndpointError, PageTunerError, TrainingHeld */
  forget(loop: string): Promise<void> {
    return this.#using(async () => forgetLoop(await this.client(), loop, AbortSignal.timeout(120_000)));
  }

  /**
   * Before a loop is deleted here: what the page's own trainer keeps of it goes too, and elsewhere what is under way is cancelled.
   * @param place where it was last trained, if it is unfinished; null = nothing can be under way
   * @throws EndpointError, PageTunerError, TrainingHeld
   */
  async letGo(loop: string, place: EndpointLabel | null): Promise<void> {
    if (await this.#ports.pageTrained())
      await this.#using(async () => forgetLoop(await this.client('page'), loop, AbortSignal.timeout(120_000)));
    if (place === null || place.kind === 'page' || place.kind === 'process' || place.kind === 'export') return;
    if (place.kind === 'url' && this.#originOf(this.#url) !== place.origin)
      throw new TrainingHeld(
        'no_place',
        `What ${place.origin} may still be training of it was not cancelled.`,
        'Choose that address as the place to train, and delete there what is kept.',
      );
    await cancelJobs(await this.client(place.kind), loop, AbortSignal.timeout(30_000));
  }

  #originOf(url: string): string {
    return URL.canParse(url.trim()) ? new URL(url.trim()).origin : '';
  }

  /** Resolves once the reader has agreed that rows of this loop go there. */
  async #consented(order: TuneOrder, to: Pick<ConsentRequest, 'origin' | 'upstream' | 'terms'>, signal: AbortSignal): Promise<void> {
    const key = consentKey({ loop: order.loop, ...to });
    if (this.#agreed.has(key) || readConsents(this.#ports.kept('endpoint-consents')).includes(key)) return;
    const other = this.#pending !== null && consentKey(this.#pending) !== key;
    if (other) throw new TrainingHeld('declined', 'Another loop is waiting for your word first.', 'Answer it, then go on.');
    this.#pending = joined(this.#pending, order, to);
    await new Promise<void>((grant, refuse) => {
      const waiter: Waiter = { grant, refuse };
      this.#waiters.push(waiter);
      const leave = (): void => {
        this.#waiters = this.#waiters.filter(one => one !== waiter);
        if (this.#waiters.length === 0) this.#pending = null;
        refuse(signal.reason);
      };
      if (signal.aborted) leave();
      else signal.addEventListener('abort', leave, { once: true });
    });
  }

  /** The reader's word on what `consent` asks. */
  answer(agreed: boolean): void {
    const request = this.#pending;
    if (!request) return;
    const waiters = this.#waiters;
    this.#waiters = [];
    this.#pending = null;
    if (agreed) {
      const kept = withConsent(readConsents(this.#ports.kept('endpoint-consents')), consentKey(request));
      this.#ports.keep('endpoint-consents', JSON.stringify(kept));
      this.#agreed.add(consentKey(request));
    }
    const declined = new TrainingHeld(
      'declined',
      'Nothing was sent: the rows were not released.',
      'Choose to train in this page, or go on and agree.',
    );
    for (const { grant, refuse } of waiters) {
      if (agreed) grant();
      else refuse(declined);
    }
  }

  /** Ends the page's trainer; a job under way goes on when it is opened again. */
  close(): Promise<void> {
    const tuner = this.#tuner;
    this.#tuner = null;
    if (tuner) {
      const ending = tuner.then(
        one => one.close(),
        () => undefined, // it never opened
      );
      this.#closing = Promise.all([this.#closing, ending]).then(() => undefined);
    }
    return this.#closing;
  }
}

/** Of the same iteration, and another's: what a screen shows together. */
const isBeside = (job: JobView, { loop, iteration, agent }: TuneOrder): boolean =>
  job.loop === loop && job.iteration === iteration && job.agent !== agent;

/** With what to do next, where the error says so. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return [error.message, 'hint' in error ? error.hint : ''].filter(Boolean).join(' ');
}

function readChoice(text: string | null): { kind: EndpointKind; url: string; graphics: boolean } | null {
  try {
    const { kind, url, graphics } = JSON.parse(text ?? 'null') as { kind?: unknown; url?: unknown; graphics?: unknown };
    return kinds.includes(kind as EndpointKind)
      ? { kind: kind as EndpointKind, url: typeof url === 'string' ? url : '', graphics: graphics === true }
      : null;
  } catch {
    return null; // nothing was chosen, or storage holds something else
  }
}
