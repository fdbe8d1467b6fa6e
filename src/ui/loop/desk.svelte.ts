// The loops of this tab: at most one that runs, the list of those kept, and where they are trained. Made when the first loop screen opens.
import type { LoopStart } from '../../experiment/fold';
import { evalQuestions, trainQuestions } from '../../experiment/questions';
import type { LoopConfig } from '../../experiment/records';
import type { ListedLoop, LoopChange } from '../../store/store';
import { appName } from '../app/version';
import { errorWords } from '../app/error-words';
import { createEndpoint } from '../endpoint/create';
import type { EndpointChoice } from '../endpoint/endpoint.svelte';
import { hold, pageLocks } from '../../store/locks';
import { openSecrets } from '../../store/secrets';
import { SetTrainer, type SetTrainerDeps } from '../data/set-trainer.svelte';
import { news } from '../session/news';
import type { Session } from '../session/session.svelte';
import { ByHand } from './by-hand.svelte';
import { driverPorts } from './driver';
import { LiveLoop, type LiveLoopDeps } from './live-loop.svelte';
import { findWatched, type Waiting } from './revive';
import { LoopSetup } from './setup.svelte';

export interface DeskDeps {
  session: Session;
  endpoint: EndpointChoice;
  announce: (text: string) => void;
  date: () => string;
  now: () => number;
  newId: () => string;
}

export class LoopDesk {
  #live = $state.raw<LiveLoop | null>(null);
  #list = $state.raw<readonly ListedLoop[] | null>(null);
  #busy = $state.raw<ReadonlySet<string>>(new Set());
  #waiting = $state.raw<Waiting | null>(null);
  #opening: { loop: string; live: Promise<LiveLoop> } | null = null;

  /** What the next loop will be. */
  readonly setup: LoopSetup;
  /** Trainings of single sets, at the same endpoint. */
  readonly sets: SetTrainer;

  constructor(private readonly deps: DeskDeps) {
    this.sets = new SetTrainer(trainerDeps(deps, () => this.#live?.active === true));
    this.setup = new LoopSetup(() => deps.session.setup.base);
  }

  get live(): LiveLoop | null {
    return this.#live;
  }
  get endpoint(): EndpointChoice {
    return this.deps.endpoint;
  }
  /** null until it was read. */
  get list(): readonly ListedLoop[] | null {
    return this.#list;
  }

  /** Loops of the list that another tab is going on with. */
  get busy(): ReadonlySet<string> {
    return this.#busy;
  }

  /** A loop that would have gone on by itself, and why it does not. */
  get waiting(): Waiting | null {
    return this.#waiting;
  }

  /** Told by the keeper of the record. */
  changed({ loop, kind, elsewhere, events }: LoopChange): void {
    if (elsewhere && kind === 'appended' && this.#live?.id === loop) this.#live.overtake(events);
  }

  /** Told by the keeper of the record that another tab took a loop from this one. */
  lost(loop: string): void {
    if (this.#live?.id === loop) this.#live.lose();
  }

  async refresh(): Promise<void> {
    const store = await this.deps.session.record.store;
    [this.#list, this.#busy] = await Promise.all([store.listLoops(), store.busyLoops()]);
  }

  /**
   * Loads the base, so that the loop can say what speaks, and starts. Resolves once the loop is in the record.
   * @throws EngineFault, EngineElsewhere, RangeError when there are not that many questions
   */
  async start(config: LoopConfig, title: string, goal: number | null, signal: AbortSignal): Promise<LiveLoop> {
    const { session, endpoint, date } = this.deps;
    await this.#live?.pause();
    if (session.live?.active) await session.live.pause();
    const evaluate = evalQuestions(config);
    const train = trainQuestions(config, evaluate, 1);
    const { engine } = await session.models.assemble(config.debate.base, [], signal);
    const start: LoopStart = {
      type: 'loop-started',
      schema: 1,
      loop: `loop-${this.deps.newId().slice(0, 16)}`,
      at: date(),
      title,
      app: appName,
      config,
      engine: { ...engine.facts },
      endpoint: endpoint.label ?? { kind: 'export', origin: '' },
      train,
      evaluate,
    };
    const live = new LiveLoop({ start }, await this.#loopDeps(start));
    live.setGoal(goal);
    this.#live = live;
    const { rest } = await live.begin().catch((error: unknown) => {
      // There is nothing to come back to.
      this.#live = null;
      throw error;
    });
    void rest.then(() => this.refresh());
    return live;
  }

  /** Opens a stored loop as the one of this tab, without going on with it. @throws StoreError, RangeError */
  async open(loop: string): Promise<LiveLoop> {
    // What another tab has gone on with is read again.
    if (this.#live?.id === loop && !this.#live.overtaken) return this.#live;
    // Asked twice at once, by two presses or by a press while it goes on by itself, it is still one.
    if (this.#opening?.loop !== loop) {
      const live = this.#open(loop).finally(() => (this.#opening = null));
      this.#opening = { loop, live };
    }
    return this.#opening.live;
  }

  async #open(loop: string): Promise<LiveLoop> {
    await this.#live?.pause();
    const { events } = await (await this.deps.session.record.store).readLoop(loop);
    const first = events[0];
    if (first?.type !== 'loop-started') throw new RangeError('this loop has no beginning');
    const live = new LiveLoop({ events }, await this.#loopDeps(first));
    this.#live = live;
    return live;
  }

  /**
   * Goes on with a stored loop.
   * @param steal takes it, and the models, from the tab that has them
   * @throws StoreError 'busy' while another tab writes to it, RangeError when it cannot be read
   */
  async resume(loop: string, steal = false): Promise<LiveLoop> {
    const { session } = this.deps;
    const store = await session.record.store;
    await store.claimLoop(loop, steal);
    if (steal) await session.models.take();
    const live = await this.open(loop).catch(async (error: unknown) => {
      await store.releaseLoop(loop);
      throw error;
    });
    this.#waiting = null;
    void live.go({ steal }).then(() => this.refresh());
    return live;
  }

  /**
   * Once a visit: goes on with the loop whose trainings were watched when the page was left, unless that needs the reader.
   * @returns it, or the reason why it waits; null = there is none
   * @throws StoreError, RangeError
   */
  async revive(tabsSeen: boolean): Promise<Waiting | null> {
    const { session, endpoint } = this.deps;
    const store = await session.record.store;
    const elsewhere = async (): Promise<boolean> => {
      await session.models.look();
      return session.models.elsewhere;
    };
    const sleep = (ms: number): Promise<void> => new Promise(rest => setTimeout(rest, ms));
    const found = await findWatched({ store, endpoint, tabsSeen, elsewhere, sleep });
    if (found === null || this.#live?.id === found.loop) return null;
    const busy = this.#live?.active === true || session.live?.active === true;
    if (found.reason === '' && !busy) {
      await this.resume(found.loop);
      return found;
    }
    // Whoever began something else since then did not mean to have it interrupted.
    if (found.reason === '') await store.releaseLoop(found.loop);
    this.#waiting = busy
      ? { ...found, reason: 'Something else is going on in this tab. Press Resume to go on with this in its place.' }
      : found;
    return this.#waiting;
  }

  /** @returns what the place where it was trained would not let go of; empty = nothing */
  async remove(loop: string): Promise<string> {
    if (this.#live?.id === loop) {
      await this.#live.cancel();
      this.#live = null;
    }
    const store = await this.deps.session.record.store;
    const header = this.#list?.find(item => item.loop === loop)?.header;
    const start = header && header.finished === null && header.source === 'here' ? (await store.readLoop(loop)).events[0] : undefined;
    const place = start?.type === 'loop-started' ? start.endpoint : null;
    // A place that does not answer is no reason to keep what the reader wants gone here.
    const left = await this.deps.endpoint.letGo(loop, place).then(
      () => '',
      (error: unknown) => {
        return errorWords(error);
      },
    );
    await store.deleteLoop(loop);
    if (this.#waiting?.loop === loop) this.#waiting = null;
    await this.refresh();
    return left;
  }

  async #loopDeps({ loop, config }: LoopStart): Promise<LiveLoopDeps> {
    const { session, endpoint, date, now, announce } = this.deps;
    const { base } = config.debate;
    const byHand = new ByHand((files, anyBase, signal) => session.models.tryOut(base, files, anyBase, signal));
    const { runLoop } = await import('../../experiment/loop');
    const store = await session.record.store;
    return {
      run: runLoop,
      byHand,
      ports: hooks => driverPorts({ session, endpoint, byHand, loop, base, ...hooks, now: date, clock: now }),
      create: async start => void (await store.createLoop(start)),
      append: async (id, event) => void (await store.appendLoop(id, event)),
      async claim(id, known, steal) {
        await store.claimLoop(id, steal);
        return news(() => store.readLoop(id, known));
      },
      release: id => store.releaseLoop(id),
      useAnyway: ids => store.adapters.useAnyway(ids),
      cancelJobs: id => endpoint.cancelLoop(id),
      date,
      announce,
    };
  }
}

function trainerDeps({ session, endpoint, date, announce }: DeskDeps, loops: () => boolean): SetTrainerDeps {
  const never = new AbortController().signal;
  const { record } = session;
  return {
    endpoint,
    busy: () => loops() || session.live?.active === true,
    tryOut: (base, files, anyBase) => session.models.tryOut(base, files, anyBase, never),
    hashOf: async base => (await session.models.engineOf(base, never)).facts.modelHash,
    keep: async (facts, files) => void (await (await record.store).adapters.save(facts, files)),
    memo: async key => (await record.store).memos.read(key),
    async claim(key) {
      const locks = pageLocks();
      if (!locks) return () => undefined;
      const held = await hold(locks, `polylogue:set-training:${key}`, false, () => undefined);
      return held && (() => held.release());
    },
    date,
    announce,
  };
}

/** The desk of the real page. */
export async function openDesk(deps: Omit<DeskDeps, 'endpoint'>): Promise<LoopDesk> {
  const store = await deps.session.record.store;
  const { memos, loopChanges } = store;
  const desk = new LoopDesk({ ...deps, endpoint: createEndpoint({ memos, secrets: openSecrets() }) });
  store.onLoopLost(loop => desk.lost(loop));
  loopChanges.subscribe(change => desk.changed(change));
  return desk;
}
