// How far a loop is, as one bar and as the stages of the iteration under way, and how long it will still take.
import { agentsOf, trainedIn } from '../../experiment/society';
import { nextOf, type IterationState, type LoopState, type Position } from '../../experiment/fold';
import { stages, type Stage } from '../../experiment/records';

export interface StageView {
  stage: Stage;
  state: 'done' | 'now' | 'later';
  done: number;
  /** 0 = not known yet. */
  total: number;
}

const namesOf = (state: LoopState) => (it: IterationState) => (it.collected ? trainedIn(it) : agentsOf(state.start!.config.debate));

/** Stages of an iteration; iteration 0 is only evaluated. */
export const stagesIn = (iteration: number): readonly Stage[] => (iteration === 0 ? ['evaluate'] : stages);

/** Iterations that the loop was set up for, or has gone on to since. */
export const goalOf = (state: LoopState): number => Math.max(state.start?.config.iterations ?? 0, state.iterations.length - 1);

/** What comes next; null when all iterations up to the goal are done. */
export const positionOf = (state: LoopState, goal = goalOf(state)): Position | null =>
  state.start ? nextOf(state, goal, namesOf(state)) : null;

function counted(state: LoopState, it: IterationState | undefined, stage: Stage): { done: number; total: number } {
  const config = state.start!.config;
  const names = it ? namesOf(state)(it) : agentsOf(config.debate);
  const { stage: live } = state.live;
  if (live && live.stage === stage && live.iteration === (it?.iteration ?? state.iterations.length))
    return { done: live.done, total: live.total };
  switch (stage) {
    case 'debate':
      return { done: it?.debated ? config.trainQuestions : 0, total: config.trainQuestions };
    case 'collect':
      return { done: it?.collected ? 1 : 0, total: 1 };
    case 'finetune':
      return { done: names.filter(name => it?.jobs.get(name)?.ended).length, total: names.length };
    case 'adopt': {
      const fit = names.filter(name => it?.jobs.get(name)?.ended?.outcome === 'succeeded');
      return { done: it?.adopted.size ?? 0, total: fit.length };
    }
    case 'evaluate':
      return { done: it?.measured ? config.evalQuestions : 0, total: config.evalQuestions };
  }
}

/** The stages of one iteration, as a track. */
export function trackOf(state: LoopState, iteration: number, goal = goalOf(state)): StageView[] {
  if (!state.start) return [];
  const next = positionOf(state, goal);
  const order = stagesIn(iteration);
  return order.map(stage => {
    const at =
      next === null || iteration < next.iteration ? -1 : iteration > next.iteration ? 1 : order.indexOf(stage) - order.indexOf(next.stage);
    const { done, total } = counted(state, state.iterations[iteration], stage);
    return { stage, state: at < 0 ? 'done' : at === 0 ? 'now' : 'later', done, total };
  });
}

/** Rough shares of the work, used for the one bar only; what is said in seconds comes from measured time. */
const weights: Record<Stage, number> = { debate: 1, collect: 0.02, finetune: 1.5, adopt: 0.05, evaluate: 1 };

/** 0 to 1 over all iterations up to the goal. */
export function shareDone(state: LoopState, goal = goalOf(state)): number {
  if (!state.start) return 0;
  let [done, all] = [0, 0];
  for (let iteration = 0; iteration <= goal; iteration++)
    for (const view of trackOf(state, iteration, goal)) {
      all += weights[view.stage];
      if (view.state === 'done') done += weights[view.stage];
      else if (view.state === 'now' && view.total > 0) done += weights[view.stage] * Math.min(1, view.done / view.total);
    }
  return all === 0 ? 0 : done / all;
}

const seconds = (from: string, to: string): number => Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000);

/** Seconds that a stage took, from the record; null = not done, or skipped. A pause in between counts, so this is an upper bound. */
export function stageSeconds(it: IterationState, stage: Stage): number | null {
  switch (stage) {
    case 'debate':
      return it.debated ? it.debated.ms / 1000 : null;
    case 'collect':
      return it.debated && it.collected ? seconds(it.debated.at, it.collected.at) : null;
    case 'finetune': {
      const ends = [...it.jobs.values()].flatMap(({ ended }) => ended ?? []);
      const last = ends
        .map(({ at }) => at)
        .sort()
        .at(-1);
      if (!it.collected || !last || ends.length < it.collected.sets.length) return null;
      // Jobs side by side overlap; one after another they add up. Neither can take longer than both bounds.
      return Math.min(seconds(it.collected.at, last), ends.reduce((sum, { ms }) => sum + ms, 0) / 1000);
    }
    case 'adopt':
      return null;
    case 'evaluate':
      return it.evaluated && it.measured ? (it.evaluated.ms + it.measured.ms) / 1000 : null;
  }
}

/** Seconds until all iterations are done, from what the stages of this loop took so far; null while one kind of stage has never been seen. */
export function secondsLeft(state: LoopState, goal = goalOf(state)): number | null {
  const next = positionOf(state, goal);
  if (!state.start || !next) return null;
  const config = state.start.config;
  const latest = (stage: Stage): number | null =>
    state.iterations
      .map(it => stageSeconds(it, stage))
      .filter(s => s !== null)
      .at(-1) ?? null;
  const scale = config.trainQuestions / Math.max(1, config.evalQuestions);
  const evaluate = latest('evaluate') ?? (latest('debate') === null ? null : latest('debate')! / scale);
  const debate = latest('debate') ?? (evaluate === null ? null : evaluate * scale);
  const finetune = latest('finetune');
  const { stage: live } = state.live;
  let sum = 0;
  for (let iteration = next.iteration; iteration <= goal; iteration++)
    for (const stage of stagesIn(iteration)) {
      if (iteration === next.iteration && stages.indexOf(stage) < stages.indexOf(next.stage)) continue;
      if (iteration === next.iteration && stage === next.stage && live?.stage === stage && live.left !== null) {
        sum += live.left;
        continue;
      }
      const whole = { debate, finetune, evaluate, collect: 0, adopt: 1 }[stage];
      if (whole === null) return null;
      const share =
        iteration === next.iteration && stage === next.stage && live?.stage === stage && live.total ? live.done / live.total : 0;
      sum += whole * (1 - share);
    }
  return sum;
}
