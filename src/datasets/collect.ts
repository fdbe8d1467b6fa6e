// Votes become data: the 2N training sets of an iteration, each agent's from its own turns (arXiv 2501.05707, Algorithm 1 and Eq. 1).
import type { RunState } from '../debate/fold';
import { drawRows, mixSizes } from './mix';
import { poolsOf, type Pools } from './pools';
import type { DataRow, DatasetConfig, SetRole, SetRow, TrainingSet } from './records';
import { ownRealised, seal } from './seal';

/** A set as it would be: everything but its rows' name. */
export type SetPreview = Omit<SetRow, 'sha256'>;

interface Draft {
  header: SetPreview;
  rows: DataRow[];
}

type Kinds = Pick<Pools, 'first' | 'corrected' | 'kept'>;

/**
 * Cross-agent selection: of each kind as many rows as the agent has itself, the share β of them its own and the rest drawn from the
 * others'. Where the others have too few, its own fill the place, so the size stays and the realised share of own rows is higher.
 */
function pooled(pools: readonly Pools[], agent: number, config: DatasetConfig, iteration: number): Kinds {
  const own = pools[agent]!;
  if (config.selection.by !== 'cross-agent' || pools.length === 1) return own;
  const { ownShare } = config.selection;
  if (!(ownShare >= 0 && ownShare <= 1)) throw new RangeError(`${ownShare} is no share: it lies between 0 and 1`);
  const mixed = (kind: keyof Kinds): DataRow[] => {
    const others = pools.flatMap((pool, other) => (other === agent ? [] : pool[kind]));
    const total = own[kind].length;
    const theirs = Math.min(others.length, total - Math.round(ownShare * total));
    const draw = (rows: readonly DataRow[], count: number, whose: string) => drawRows(rows, count, config.seed, iteration, kind, whose);
    return [...draw(own[kind], total - theirs, 'own'), ...draw(others, theirs, 'others')];
  };
  return { first: mixed('first'), corrected: mixed('corrected'), kept: mixed('kept') };
}

/** How many corrected and kept rows a critic gets, and why none. */
function criticSizes(minus: number, plus: number, config: DatasetConfig): { sizes: [number, number]; skipped: string | null } {
  const { w } = config;
  if (minus + plus === 0) return { sizes: [0, 0], skipped: 'none of its last answers matches a label' };
  if (config.criticSize === 'all') return { sizes: [minus, plus], skipped: null };
  const sizes = mixSizes(minus, plus, w);
  if (sizes[0] + sizes[1] > 0) return { sizes, skipped: null };
  if (config.criticOnEmpty === 'other') return { sizes: [minus, plus], skipped: null };
  const missing = minus === 0 && w > 0 ? 'no corrected trace' : plus === 0 && w < 1 ? 'no kept trace' : 'too few traces';
  return { sizes: [0, 0], skipped: `${missing} for a share of ${w} (${minus} corrected, ${plus} kept)` };
}

function drafts(state: RunState, config: DatasetConfig, { iteration }: { iteration: number }): Draft[] {
  const pools = poolsOf(state, config);
  const { run, questions, config: debate } = state.start!;
  const order = new Map(questions.map(({ qid }, i) => [qid, i]));
  const inOrder = (rows: DataRow[]): DataRow[] => rows.sort((x, y) => order.get(x.qid)! - order.get(y.qid)! || x.speaker - y.speaker);

  const draft = (role: SetRole, agent: number, rows: DataRow[], skipped: string | null): Draft => {
    const own = pools[agent]!;
    const qualified = role === 'generator' ? own.first.length : own.corrected.length + own.kept.length;
    const [minus, plus] = (['corrected', 'kept'] as const).map(kind => rows.filter(row => row.kind === kind).length) as [number, number];
    const header: SetPreview = {
      schema: 1,
      run,
      iteration,
      agent,
      role,
      selection: config.selection,
      ...ownRealised(config.selection, agent, rows),
      size: rows.length,
      minus,
      plus,
      wRealised: role === 'critic' && rows.length ? minus / rows.length : null,
      unused: qualified - rows.filter(row => row.speaker === agent).length,
      discarded: { ...own.discarded[role] },
      skipped,
      seed: config.seed,
    };
    return { header, rows: inOrder(rows) };
  };

  return pools.flatMap((_, agent) => {
    const { first, corrected, kept } = pooled(pools, agent, config, iteration);
    const generator = draft('generator', agent, [...first], first.length ? null : 'none of its first answers matches a label');
    if (debate.rounds < 2) return [generator, draft('critic', agent, [], 'one round only: no critic spoke')];
    const { sizes, skipped } = criticSizes(corrected.length, kept.length, config);
    const drawn = (rows: DataRow[], count: number, kind: string) => drawRows(rows, count, config.seed, iteration, kind);
    const rows = [...drawn(corrected, sizes[0], 'minus'), ...drawn(kept, sizes[1], 'plus')];
    return [generator, draft('critic', agent, rows, skipped)];
  });
}

/**
 * The 2N sets of an iteration, generator and critic of agent 0 first. Empty ones are among them and say why.
 * A pure function of run, settings and iteration. No truth enters, except under selection `truth`.
 * @throws RangeError when the run has not started, or w or the own share lies outside [0, 1]
 */
export async function collectSets(state: RunState, config: DatasetConfig, about: { iteration: number }): Promise<TrainingSet[]> {
  return drafts(state, config, about).map(({ header, rows }) => seal(header, rows));
}

/** The sizes {@link collectSets} would give, cheap enough to follow a slider: what would starve shows before anything is trained. */
export const previewSets = (state: RunState, config: DatasetConfig, about = { iteration: 1 }): SetPreview[] =>
  drafts(state, config, about).map(({ header }) => header);

/** Fewer rows than this teach little, and several vendors refuse them. */
export const fewRows = 10;
