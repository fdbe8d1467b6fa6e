// A stranger's events become a run, or a clear error: every event passes the schema, and together they could have happened.
import * as v from 'valibot';
import type { RunEvent, Turn } from '../debate/events';
import { foldAll, turnId, type RunStart, type RunState } from '../debate/fold';
import { limits } from '../debate/limits';
import { issueText, parseRunEvent } from '../debate/schema';
import { ShareError } from './errors';

const invalid = (message: string, cause?: unknown) =>
  new ShareError('invalid', `${message}.`, 'It may have been edited by hand, or made by another program.', cause);
const contradiction = (message: string) => new ShareError('contradiction', `${message}.`, 'It may have been edited; ask for the original.');
const large = (message: string) => new ShareError('too-large', `${message}.`, 'Split the run, or look at it with the command line.');

function parse(events: unknown): RunEvent[] {
  if (!Array.isArray(events)) throw invalid('The list of events is missing');
  if (events.length > limits.events) throw large(`It holds ${events.length} events; ${limits.events} is the most that is opened here`);
  return events.map((event: unknown, at) => {
    try {
      return parseRunEvent(event);
    } catch (error) {
      if (!(error instanceof v.ValiError)) throw error;
      throw invalid(`Event ${at} is not one (${issueText(error.issues)})`, error);
    }
  });
}

/** Every turn a turn quotes was spoken before it, about the same question. */
function checkReferences(turn: Turn, spoken: ReadonlySet<string>): void {
  const { own, peers, summary } = turn.prompt;
  const missing = [...own, ...peers, ...(summary === null ? [] : [summary])].find(id => !spoken.has(id));
  if (missing !== undefined) throw contradiction(`Turn ${turn.id} quotes ${missing}, which nobody has said before it`);
  const foreign = [...own, ...peers, ...(summary === null ? [] : [summary])].find(id => !id.startsWith(`${turn.qid}/`));
  if (foreign !== undefined) throw contradiction(`Turn ${turn.id} quotes ${foreign}, which is about another question`);
}

function checkTurn(turn: Turn, start: RunStart): void {
  const { id, qid, round, agent, role, text, ends, logprobs, answer, draw } = turn;
  if (id !== turnId(qid, round, agent, role)) throw contradiction(`Turn ${id} is not where its name says`);
  if (agent >= start.config.seats.length || round > start.config.rounds) throw contradiction(`Turn ${id} has no seat in this society`);
  if ((role === 'generator') !== (round === 1)) throw contradiction(`Turn ${id} speaks as ${role} in round ${round}`);
  if (draw.qid !== qid || draw.agent !== agent || draw.role !== role || draw.round !== round) {
    throw contradiction(`Turn ${id} was drawn for another turn`);
  }
  if (answer && (answer.start > answer.end || answer.end > text.length))
    throw contradiction(`The answer of turn ${id} lies outside its text`);
  if (ends.some((end, at) => end > text.length || end < (ends[at - 1] ?? 0)))
    throw contradiction(`The tokens of turn ${id} lie outside its text`);
  if (logprobs.length !== 0 && logprobs.length !== ends.length)
    throw contradiction(`Turn ${id} has ${logprobs.length} probabilities for ${ends.length} tokens`);
}

function checkTogether(events: readonly RunEvent[]): void {
  const [start, ...rest] = events;
  if (start?.type !== 'run-started') throw invalid('It does not begin with the start of a run');
  const { config, questions } = start;
  if (questions.length > limits.questions)
    throw large(`It asks ${questions.length} questions; ${limits.questions} is the most that is opened here`);
  if (config.seats.length > limits.agents || config.rounds > limits.rounds)
    throw large(`Its society of ${config.seats.length} agents and ${config.rounds} rounds does not fit the page`);
  if (new Set(questions.map(({ qid }) => qid)).size < questions.length) throw contradiction('It asks one question twice');
  const known = new Set(questions.map(({ qid }) => qid));
  const spoken = new Set<string>();
  const decided = new Set<string>();
  for (const event of rest) {
    if (event.type === 'turn') {
      if (!known.has(event.turn.qid)) throw contradiction(`Turn ${event.turn.id} is about a question it does not hold`);
      if (spoken.has(event.turn.id)) throw contradiction(`Turn ${event.turn.id} was spoken twice`);
      checkTurn(event.turn, start);
      checkReferences(event.turn, spoken);
      spoken.add(event.turn.id);
    } else if (event.type === 'turn-failed') {
      if (!known.has(event.qid)) throw contradiction(`Turn ${event.id} is about a question it does not hold`);
      if (event.id !== turnId(event.qid, event.round, event.agent, event.role))
        throw contradiction(`Turn ${event.id} is not where its name says`);
      if (event.agent >= config.seats.length || event.round > config.rounds)
        throw contradiction(`Turn ${event.id} has no seat in this society`);
    } else if (event.type === 'decided') {
      const { qid, round, n } = event.vote;
      if (!known.has(qid)) throw contradiction(`A decision is about a question it does not hold`);
      if (round > config.rounds || n > config.seats.length) throw contradiction(`The decision of ${qid} counts voices that nobody has`);
      if (decided.has(`${qid} ${round}`)) throw contradiction(`Question ${qid} was decided twice`);
      decided.add(`${qid} ${round}`);
    }
  }
}

/**
 * Copies what is known of each event and drops the rest.
 * @returns the events and their fold
 * @throws ShareError 'invalid', 'contradiction', 'too-large'
 */
export function checkEvents(value: unknown): { events: RunEvent[]; state: RunState } {
  const events = parse(value);
  checkTogether(events);
  try {
    return { events, state: foldAll(events) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw contradiction(`Its events contradict each other: ${error.message.slice(0, 200)}`);
  }
}
