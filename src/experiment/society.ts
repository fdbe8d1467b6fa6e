// Who speaks with which weights after an iteration: an agent keeps what it has until new weights of its own have been adopted.
import { agentName, type AgentName, type SetRole } from '../datasets/records';
import type { RunConfig, Seat } from '../debate/config';
import type { Adopted, IterationState, LoopState } from './fold';
import type { LoopConfig, Society } from './records';

/** Seats, files and database keys hold no longer names. */
const longest = 200;

/** @throws RangeError when the name of the loop is too long for it */
export function adapterId(loop: string, iteration: number, agent: AgentName): string {
  const id = `${loop}/it${iteration}/${agent}`;
  if (id.length > longest) throw new RangeError(`"${id.slice(0, 40)}…" is too long for the name of an adapter`);
  return id;
}

/** Run of an iteration's debate; file names are made of it, so it has no slash. */
export const runId = (loop: string, iteration: number, purpose: 'train' | 'evaluate'): string => `${loop}-it${iteration}-${purpose}`;

/** All 2N names: generators, then critics. */
export const agentsOf = (config: RunConfig): AgentName[] =>
  (['generator', 'critic'] satisfies SetRole[]).flatMap(role => config.seats.map((_, agent) => agentName(role, agent)));

export const societyOf = ({ society }: Pick<LoopConfig, 'society'>): Society => society ?? 'multiagent-ft';

/** The one model of a control: its set, its job and its weights go by this name. */
const oneModel = agentName('generator', 0);

/** Whether one model speaks as every agent. */
export const isShared = (config: Pick<LoopConfig, 'society'>): boolean => societyOf(config) !== 'multiagent-ft';

/** The model that an agent speaks with, by the name it is trained under. */
const modelOf = (config: LoopConfig, agent: AgentName): AgentName => (isShared(config) ? oneModel : agent);

/** Names of what an iteration trains: 2N agents, or the one model of a control. */
export const modelsOf = (config: LoopConfig): AgentName[] => (isShared(config) ? [oneModel] : agentsOf(config.debate));

/** Roles whose sets the one model learns from. */
export const learntRoles = (config: Pick<LoopConfig, 'society'>): SetRole[] =>
  societyOf(config) === 'single-ft' ? ['generator'] : ['generator', 'critic'];

/** The agents an iteration trains, as its sets name them. */
export const trainedIn = ({ collected }: IterationState): AgentName[] =>
  (collected?.sets ?? []).map(({ role, agent }) => agentName(role, agent));

/** New weights speak unless their probe says that they did not arrive as they were trained. */
export const speaks = ({ probe }: Adopted): boolean => probe?.passed !== false;

export interface Weights {
  /** Id in RunConfig.seats; null = the base. */
  adapter: string | null;
  /** At the endpoint, to go on from; null = the base. */
  model: string | null;
}

/** What an agent speaks with once iteration `through` is adopted. */
export function weightsOf(state: LoopState, agent: AgentName, through: number): Weights {
  const model = modelOf(state.start!.config, agent);
  for (let l = Math.min(through, state.iterations.length - 1); l >= 1; l--) {
    const { adopted, jobs } = state.iterations[l]!;
    const mine = adopted.get(model);
    if (mine && speaks(mine)) return { adapter: mine.adapter, model: jobs.get(model)?.ended?.model ?? null };
  }
  return { adapter: null, model: null };
}

/** [agents] seats after iteration `through`; through 0 = the base society. */
export const seatsAfter = (state: LoopState, through: number): Seat[] =>
  state.start!.config.debate.seats.map((_, agent) => ({
    generator: weightsOf(state, agentName('generator', agent), through).adapter,
    critic: weightsOf(state, agentName('critic', agent), through).adapter,
  }));

/** The adapters that seats name, each once. */
export const adaptersIn = (seats: readonly Seat[]): string[] => [
  ...new Set(seats.flatMap(({ generator, critic }) => [generator, critic]).filter(id => id !== null)),
];
