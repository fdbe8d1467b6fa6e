// How far a loop is, as one bar and as the stages of the iteration under way, and how long it will still take.
import { isShared, modelsOf, trainedIn } from '../../experiment/society';
import { nextOf, type IterationState, type LoopState, type Position } from '../../experiment/fold';
import { stages, type Stage } from '../../experiment/records';

export interface StageView {
  stage: Stage;
  state: 'done' | 'now' | 'later';
  done: number;
  /** 0 = not known yet. */
  total: number;
  /** What is counted are the answers of an evaluation that are scored, not its turns. */
  scoring: boolean;
  /** 0 to 1 of the stage. */
  share: number;
}

const namesOf = (state: LoopState) => (it: IterationState) => (it.collected ? trainedIn(it) : modelsOf(state.start!.config));

/** Stages of an iteration; iteration 0 is only evaluated. */
export const stagesIn = (iteration: number): readonly Stage[] => (iteration === 0 ? ['evaluate'] : stages);

/** Iterations that the loop was set up for, or has gone on to since. */
export const goalOf = (state: LoopState): number => Math.max(state.start?.config.iterations ?? 0, state.iterations.length - 1);

/** What comes next; null when all iterations up to the goal are done. */
export const positionOf = (state: LoopState, goal = goalOf(state)): Position | null =>
  state.start ? nextOf(state, goal, namesOf(state)) : null;

function counted(state: LoopState, it: IterationState | undefined, stage: Stage): { done: number; total: number } {
  const config = state.start!.config;
  const names = it ? namesOf(state)(it) : modelsOf(config);
  const live = liveIn(state, it, stage);
  if (live) return { done: live.done, total: live.total };
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

/** Of an evaluation: scoring its answers is the rest. Measured in the page: a minute and a half of turns, twenty seconds of scoring. */
const spoken = 0.8;

const liveIn = (state: LoopState, it: IterationState | undefined, stage: Stage) => {
  const { stage: live } = state.live;
  return live?.stage === stage && live.iteration === (it?.iteration ?? state.iterations.length) ? live : null;
};

const isScoring = (state: LoopState, it: IterationState | undefined, stage: Stage): boolean =>
  liveIn(state, it, stage)?.part === 'score' || (stage === 'evaluate' && !!it?.evaluated && !it.measured);

/** How far an evaluation that is not over has come, its two parts taken together. */
function evaluatedShare(state: LoopState, it: IterationState | undefined): number {
  const of = state.start!.config.nllQuestions > 0 ? spoken : 1;
  const live = liveIn(state, it, 'evaluate');
  const part = live && live.total > 0 ? Math.min(1, live.done / live.total) : 0;
  return live?.part === 'score' ? of + (1 - of) * part : it?.evaluated ? of : of * part;
}

/** The stages of one iteration, as a track. */
export function trackOf(state: LoopState, iteration: number, goal = goalOf(state)): StageView[] {
  if (!state.start) return [];
  const next = positionOf(state, goal);
  const order = stagesIn(iteration);
  return order.map(stage => {
    const at =
      next === null || iteration < next.iteration ? -1 : iteration > next.iteration ? 1 : order.indexOf(stage) - order.indexOf(next.stage);
    const it = state.iterations[iteration];
    const { done, total } = counted(state, it, stage);
    const share = at < 0 ? 1 : at > 0 ? 0 : stage === 'evaluate' ? evaluatedShare(state, it) : total > 0 ? Math.min(1, done / total) : 0;
    return { stage, state: at < 0 ? 'done' : at === 0 ? 'now' : 'later', done, total, scoring: isScoring(state, it, stage), share };
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
      done += weights[view.stage] * view.share;
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

const latestOf = (state: LoopState, read: (it: IterationState) => number | null): number | null =>
  state.iterations
    .map(read)
    .filter(s => s !== null)
    .at(-1) ?? null;

/** Seconds of a whole stage or part as this loop has shown them; null where it has not yet. */
interface Seen {
  debate: number | null;
  finetune: number | null;
  /** The two parts of an evaluation. */
  speak: number | null;
  score: number | null;
}

function seenIn(state: LoopState): Seen {
  const { trainQuestions, evalQuestions, nllQuestions, debate: run } = state.start!.config;
  const trained = latestOf(state, it => stageSeconds(it, 'debate'));
  const held = latestOf(state, it => (it.evaluated ? it.evaluated.ms / 1000 : null));
  const scale = trainQuestions / Math.max(1, evalQuestions);
  // Agents that are all the base score an answer once; apart, each of them scores it.
  const scored = latestOf(
    state,
    it => it.measured && (it.measured.ms / 1000) * (it.iteration === 0 && !isShared(state.start!.config) ? run.seats.length : 1),
  );
  const { stage: live } = state.live;
  const under = live?.stage === 'finetune' && live.left !== null && live.done < live.total;
  return {
    debate: trained ?? (held === null ? null : held * scale),
    finetune: latestOf(state, it => stageSeconds(it, 'finetune')) ?? (under ? (live.left! * live.total) / (live.total - live.done) : null),
    speak: held ?? (trained === null ? null : trained / scale),
    score: nllQuestions === 0 ? 0 : scored,
  };
}

/** Seconds of a stage that has not begun. */
function wholeOf({ debate, finetune, speak, score }: Seen, stage: Stage): number | null {
  switch (stage) {
    case 'debate':
      return debate;
    case 'finetune':
      return finetune;
    case 'evaluate':
      return speak === null || score === null ? null : speak + score;
    // Moments, beside the rest.
    case 'collect':
      return 0;
    case 'adopt':
      return 1;
  }
}

/** Seconds of the stage that is next: of what is under way, as it goes; of what is not, as it went before. */
function restOf(state: LoopState, seen: Seen, { iteration, stage }: Position): number | null {
  const { stage: shown } = state.live;
  const live = shown?.stage === stage && shown.iteration === iteration ? shown : null;
  const part = stage === 'evaluate' && (live?.part === 'score' || state.iterations[iteration]?.evaluated) ? 'score' : 'all';
  const whole = part === 'score' ? seen.score : wholeOf(seen, stage);
  if (live?.left == null) {
    const gone = live && live.total > 0 ? live.done / live.total : 0;
    if (whole === null) return null;
    return stage === 'evaluate' && part === 'all' ? seen.speak! * (1 - gone) + seen.score! : whole * (1 - gone);
  }
  if (stage !== 'evaluate' || part === 'score') return live.left;
  return seen.score === null ? null : live.left + seen.score;
}

/** Seconds until all iterations are done, from what this loop took so far; null while one kind of stage has never been seen. */
export function secondsLeft(state: LoopState, goal = goalOf(state)): number | null {
  const next = positionOf(state, goal);
  if (!state.start || !next) return null;
  const seen = seenIn(state);
  let sum = restOf(state, seen, next);
  for (let iteration = next.iteration; iteration <= goal && sum !== null; iteration++)
    for (const stage of stagesIn(iteration)) {
      if (iteration === next.iteration && stages.indexOf(stage) <= stages.indexOf(next.stage)) continue;
      const whole: number | null = wholeOf(seen, stage);
      sum = sum === null || whole === null ? null : sum + whole;
    }
  return sum;
}

/** Why nobody can say yet how long it takes in all; empty when somebody can, or nothing is left. */
export function unknownUntil(state: LoopState, goal = goalOf(state)): string {
  if (!positionOf(state, goal) || secondsLeft(state, goal) !== null) return '';
  return seenIn(state).speak === null
    ? 'time in all is measured with the first debate'
    : 'time in all is measured when the first trainings are under way';
}
