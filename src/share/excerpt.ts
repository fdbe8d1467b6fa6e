// One question of a run as a run of its own.
import { hash128 } from '../tasks/hash';
import type { RunEvent } from '../debate/events';

const qidOf = (event: RunEvent): string | null => {
  switch (event.type) {
    case 'turn':
      return event.turn.qid;
    case 'turn-failed':
      return event.qid;
    case 'decided':
      return event.vote.qid;
    default:
      return null;
  }
};

/**
 * Its id follows from the run and the question, so that it can be kept beside the whole, and is the same each time.
 * @throws RangeError when the run does not hold the question
 */
export function excerptOf(events: readonly RunEvent[], qid: string): RunEvent[] {
  const own = events.filter(event => (qidOf(event) ?? qid) === qid);
  return own.map(event => {
    if (event.type !== 'run-started') return event;
    const question = event.questions.find(one => one.qid === qid);
    if (!question) throw new RangeError(`the run does not hold question ${qid}`);
    const run = `part-${hash128(`${event.run} ${qid}`).slice(0, 16)}`;
    return { ...event, run, title: question.text.slice(0, 200), questions: [question] };
  });
}
