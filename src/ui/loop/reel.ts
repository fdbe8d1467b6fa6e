// A recorded loop laid out for replay: the events at which it is worth stopping, and what has just happened there.
import type { LoopConfig, LoopEvent } from '../../experiment/records';
import { agentWords, percent, stageWords } from './words';

export interface Stop {
  /** Events that have happened, counted from the start. */
  events: number;
  iteration: number;
  words: string;
  /** Ticks on the scale: an iteration has been measured. */
  measured: boolean;
}

function stopAt(event: LoopEvent, events: number, before: Stop | null, config: LoopConfig): Stop | null {
  const iteration = 'iteration' in event ? event.iteration : (before?.iteration ?? 0);
  const stop = (words: string, measured = false): Stop => ({ events, iteration, words, measured });
  switch (event.type) {
    case 'loop-started':
      return stop('started');
    case 'debated':
      return stop(event.purpose === 'train' ? `${stageWords.debate.name} over` : 'held-out questions debated');
    case 'collected':
      return stop('sets made');
    case 'job-ended':
      return stop(
        event.outcome === 'succeeded'
          ? `${agentWords(event.agent, config)} trained`
          : `${agentWords(event.agent, config)} ${event.outcome}`,
      );
    case 'adopted':
      return stop(`${agentWords(event.agent, config)} adopted`);
    case 'measured':
      return stop(`debate right in ${percent(event.measures.debate.share)}`, true);
    case 'loop-finished':
      return stop('finished');
    // Nothing to see: a job that was only ordered, a pause of the recorder.
    case 'job-created':
    case 'note':
      return null;
  }
}

export function stopsOf(events: readonly LoopEvent[]): Stop[] {
  const [first] = events;
  if (first?.type !== 'loop-started') return [];
  const stops: Stop[] = [];
  for (const [i, event] of events.entries()) {
    const stop = stopAt(event, i + 1, stops.at(-1) ?? null, first.config);
    if (stop) stops.push(stop);
  }
  return stops;
}
