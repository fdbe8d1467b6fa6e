// Which weights speak for which agent: the base, the base with an adapter, or weights of the agent's own. Changes between two calls.
import type { MappedAdapter } from '../onnx/feeds';
import type { Refusal, Projection } from '../onnx/resolve';
import { modelOn, noAdapters, warmUp, type BaseModel } from './base-model';
import type { Model } from './batch';
import type { TunedFiles } from './engine';
import { EngineError } from './fault';
import { fullGraph } from './full-weights';
import { loadGraph } from './load-graph';
import type { Runtime } from './runtime';
import { boundsOf, checkRagged } from './self-check';
import type { PlacedAdapter } from './adapters';
import { hashTuned, isAdapter, placeTuned } from './tuned-files';
import type { WaveLimits } from './waves';

/** What a row of an agent goes through. */
export interface Voice {
  model: Model;
  /** Under this name the model's adapter inputs know the row. */
  adapter: string | null;
  limits: WaveLimits;
}

type Member = { hash: string } & (
  ({ kind: 'adapter' } & PlacedAdapter) | { kind: 'full'; model: Model; limits: WaveLimits; release(): Promise<void> }
);

export interface RosterOptions {
  runtime: Runtime;
  base: BaseModel;
  /** Of rows that speak with the base, and with weights of their own. */
  limits: WaveLimits;
  ownLimits: WaveLimits;
  projections: readonly Projection[];
  refusals: readonly Refusal[];
  /** `config.json` of the base. */
  config: Record<string, unknown>;
  /** Any token of the vocabulary. */
  token: number;
}

export class Roster {
  readonly #options: RosterOptions;
  #members: ReadonlyMap<string, Member>;

  /** @param adapters those the base was loaded with, with the hash of their files */
  constructor(options: RosterOptions, adapters: ReadonlyMap<string, { hash: string } & PlacedAdapter> = new Map()) {
    this.#options = options;
    this.#members = new Map([...adapters].map(([id, own]) => [id, { kind: 'adapter', ...own }]));
  }

  /** Of the adapters that are here. */
  get warnings(): string[] {
    return [...this.#members.values()].flatMap(member => (member.kind === 'adapter' ? member.warnings : []));
  }

  /** @throws EngineError `bad-model` for an agent that is not here */
  voice(agent: string | null): Voice {
    const { base, limits } = this.#options;
    if (agent === null) return { model: base.model, adapter: null, limits };
    const member = this.#members.get(agent);
    if (!member) throw new EngineError('bad-model', `The adapter ${agent} is not loaded.`);
    return member.kind === 'adapter'
      ? { model: base.model, adapter: agent, limits }
      : { model: member.model, adapter: null, limits: member.limits };
  }

  /** @throws EngineError `bad-model` when one does not fit, SelfCheckFailed when the device computes one wrongly; then all is as it was */
  async adopt(agents: ReadonlyMap<string, TunedFiles>, signal: AbortSignal): Promise<void> {
    const before = this.#members;
    const next = new Map<string, Member>();
    try {
      for (const [id, files] of agents) {
        signal.throwIfAborted();
        const hash = await hashTuned(files);
        const known = before.get(id);
        next.set(id, known?.hash === hash ? known : await this.#read(id, hash, files));
      }
      const adapters = new Map<string, MappedAdapter>();
      for (const [id, member] of next) if (member.kind === 'adapter') adapters.set(id, member.adapter);
      signal.throwIfAborted();
      await this.#options.base.fit(adapters, signal);
    } catch (error) {
      await releaseAll(next, before);
      throw error;
    }
    this.#members = next;
    await releaseAll(before, next);
  }

  async #read(id: string, hash: string, files: TunedFiles): Promise<Member> {
    const { projections, refusals, config, runtime, ownLimits, token } = this.#options;
    if (isAdapter(files)) return { kind: 'adapter', hash, ...placeTuned(id, files, projections, refusals) };
    const graph = { graph: await fullGraph(id, files, config), external: [] };
    const loaded = await loadGraph(runtime, graph, { lora: false });
    try {
      const model = modelOn(runtime, loaded, noAdapters);
      await warmUp(model, token);
      const { passed } = await checkRagged(model, boundsOf('fp32'));
      const limits = passed ? ownLimits : { ...ownLimits, rows: 1 };
      return { kind: 'full', hash, model, limits, release: () => loaded.session.release() };
    } catch (error) {
      await loaded.session.release();
      throw error;
    }
  }

  async dispose(): Promise<void> {
    await releaseAll(this.#members, new Map());
    this.#members = new Map();
    await this.#options.base.dispose();
  }
}

async function releaseAll(members: ReadonlyMap<string, Member>, but: ReadonlyMap<string, Member>): Promise<void> {
  for (const [id, member] of members) if (member.kind === 'full' && but.get(id) !== member) await member.release();
}
