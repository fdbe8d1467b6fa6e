// Lays an adapter, named after the modules of a checkpoint, onto the projections of a graph, which may fuse or split them.
import type { MappedAdapter, ModuleAdapter } from './feeds';
import type { AdapterModule } from './peft';
import type { Projection, Refusal } from './resolve';

/** An adapter and a graph that do not belong together. */
export class AdapterMismatch extends Error {
  override name = 'AdapterMismatch';
  constructor(
    /** Path in the adapter; empty when the adapter as a whole is meant. */
    readonly module: string,
    readonly reason: string,
  ) {
    super(module ? `${module}: ${reason}` : reason);
  }
}

/** One module of the adapter adds to columns [start, end) of a projection, with its own output columns from `from` on. */
export interface Part {
  module: string;
  start: number;
  end: number;
  from: number;
}

export interface AdapterPlan {
  how: Record<'direct' | 'slice' | 'packed', number>;
  /** By name of the projection. */
  parts: Map<string, Part[]>;
}

/** Checkpoints that keep several projections in one matrix, in this order. */
const packs = new Map([
  ['qkv_proj', ['q_proj', 'k_proj', 'v_proj']],
  ['gate_up_proj', ['gate_proj', 'up_proj']],
]);

type Sizes = Pick<AdapterModule, 'K' | 'N'>;

/**
 * Decides for every module of the adapter where it goes: onto the projection of the same name, onto its columns of a fused one, or, when
 * the checkpoint was fused and the graph is not, onto each of the parts.
 * @throws AdapterMismatch when a module has no place, a wrong size, or a place already taken
 */
export function planAdapter(
  adapter: ReadonlyMap<string, Sizes>,
  projections: readonly Projection[],
  refusals: readonly Refusal[] = [],
): AdapterPlan {
  const byName = new Map(projections.map(p => [p.name, p]));
  const plan: AdapterPlan = { how: { direct: 0, slice: 0, packed: 0 }, parts: new Map() };
  if (!adapter.size) throw new AdapterMismatch('', 'the adapter holds no modules');

  const place = (target: Projection, part: Part) => {
    const taken = plan.parts.get(target.name) ?? [];
    const rival = taken.find(other => other.start < part.end && part.start < other.end);
    if (rival) throw new AdapterMismatch(part.module, `${rival.module} already adapts the same weights`);
    plan.parts.set(target.name, [...taken, part]);
  };
  const check = (module: string, { K, N }: Sizes, wantK: number, wantN: number) => {
    if (K !== wantK || N !== wantN) throw new AdapterMismatch(module, `made for ${K}→${N}, the graph has ${wantK}→${wantN}`);
  };

  for (const [module, sizes] of adapter) {
    const direct = byName.get(module);
    const dot = module.lastIndexOf('.');
    const [parent, last] = [module.slice(0, dot + 1), module.slice(dot + 1)];
    if (direct) {
      check(module, sizes, direct.K, direct.N);
      place(direct, { module, start: 0, end: direct.N, from: 0 });
      plan.how.direct++;
      continue;
    }
    const packName = [...packs].find(([, parts]) => parts.includes(last))?.[0];
    const whole = packName && byName.get(parent + packName);
    if (whole) {
      const slice = whole.slices?.find(s => s.name === last);
      if (!slice) throw new AdapterMismatch(module, `the graph does not show how ${whole.name} is divided`);
      check(module, sizes, whole.K, slice.end - slice.start);
      place(whole, { module, start: slice.start, end: slice.end, from: 0 });
      plan.how.slice++;
      continue;
    }
    const parts = packs.get(last)?.map(name => byName.get(parent + name));
    if (parts?.every(p => p !== undefined)) {
      check(
        module,
        sizes,
        parts[0]!.K,
        parts.reduce((sum, p) => sum + p.N, 0),
      );
      let from = 0;
      for (const part of parts) {
        place(part, { module, start: 0, end: part.N, from });
        from += part.N;
      }
      plan.how.packed++;
      continue;
    }
    const own = refusals.find(r => r.name === module);
    if (own) throw new AdapterMismatch(module, own.reason);
    const near = refusals.find(r => parent && r.name.startsWith(parent));
    throw new AdapterMismatch(module, `the graph has no projection of this name${near ? ` (${near.name}: ${near.reason})` : ''}`);
  }
  return plan;
}

/** Carries a plan out: A′ stands side by side, B′ is block-diagonal, so each part keeps its own low-rank space. */
function combine(parts: readonly Part[], adapter: ReadonlyMap<string, AdapterModule>, { K, N }: Projection): ModuleAdapter {
  const sources = parts.map(part => adapter.get(part.module)!);
  const rank = sources.reduce((sum, s) => sum + s.rank, 0);
  const A = new Float32Array(K * rank);
  const B = new Float32Array(rank * N);
  let at = 0;
  parts.forEach(({ start, end, from }, i) => {
    const source = sources[i]!;
    for (let k = 0; k < K; k++) A.set(source.A.subarray(k * source.rank, (k + 1) * source.rank), k * rank + at);
    for (let r = 0; r < source.rank; r++, at++)
      B.set(source.B.subarray(r * source.N + from, r * source.N + from + end - start), at * N + start);
  });
  return { rank, A, B };
}

/** @throws AdapterMismatch unless every tensor of the adapter finds its place */
export function mapAdapter(
  adapter: ReadonlyMap<string, AdapterModule>,
  projections: readonly Projection[],
  refusals: readonly Refusal[] = [],
): MappedAdapter {
  const { parts } = planAdapter(adapter, projections, refusals);
  return new Map(projections.filter(p => parts.has(p.name)).map(p => [p.name, combine(parts.get(p.name)!, adapter, p)]));
}
