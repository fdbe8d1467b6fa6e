// Prompts as data: a turn stores which template it used and which turns it read; from that its exact messages are rebuilt here.
import { hash128 } from '../tasks/hash';
import type { RunConfig } from './config';
import type { PromptRef, Turn, TurnId } from './events';
import { turnId, type QuestionState } from './fold';
import type { Message, Role } from './generate';
import { answerRole, peersOf, type Speaker } from './schedule';
import { agentName, promptSetById, type Peer, type PromptSet, type Shown } from './templates';

/** A piece of one message. The pieces of a message, joined, are its content. */
export interface PromptPart {
  /** Index into the messages. */
  message: number;
  role: Message['role'];
  name: 'wording' | 'question' | 'own answer' | 'peer' | 'summary';
  text: string;
  /** The turn this piece quotes. */
  source?: TurnId;
}

export interface Prompt {
  messages: Message[];
  parts: PromptPart[];
}

/** Identifies rendered messages; a stored turn's hash proves that its rebuilt prompt is the one that was sent. */
export const promptHash = (messages: readonly Message[]): string =>
  hash128(messages.map(({ role, content }) => `${role}\u0001${content}`).join('\u0002'));

/** Text inserted into a template, to be found again in what the template made of it. */
interface Insert {
  name: PromptPart['name'];
  text: string;
  source?: TurnId;
}

/** Splits a content at the given insertions, which stand in it in this order; one that a template left out is passed over. */
function split(content: string, message: number, role: Message['role'], inserts: readonly Insert[]): PromptPart[] {
  const parts: PromptPart[] = [];
  let from = 0;
  for (const insert of inserts) {
    const at = insert.text ? content.indexOf(insert.text, from) : -1;
    if (at < 0) continue;
    if (at > from) parts.push({ message, role, name: 'wording', text: content.slice(from, at) });
    parts.push({ message, role, ...insert });
    from = at + insert.text.length;
  }
  if (from < content.length) parts.push({ message, role, name: 'wording', text: content.slice(from) });
  return parts;
}

const kindOf = (role: Role): string => ({ generator: 'solve', summariser: 'summarise', critic: 'revise' })[role];

/**
 * What a speaker reads, by reference: turns that are there. A failed turn is quoted by nobody and replaced by nothing.
 * @see method.md §3 for what each setting means
 */
export function planPrompt(state: QuestionState, config: RunConfig, speaker: Speaker): PromptRef {
  const { round, agent, role } = speaker;
  const set = promptSetById(config.promptSet);
  const ref: PromptRef = { template: `${set.id}/${kindOf(role)}`, own: [], peers: [], summary: null };
  if (role === 'generator') return ref;
  const peers = peersOf(config, state.question.qid, round, agent)
    .map(peer => turnId(state.question.qid, peer.round, peer.agent, answerRole(peer.round)))
    .filter(id => state.turns.has(id));
  if (role === 'summariser') return { ...ref, peers };
  if (config.share === 'concat') ref.peers = peers;
  const summary = turnId(state.question.qid, round, agent, 'summariser');
  if (config.share === 'summary' && state.turns.has(summary)) ref.summary = summary;
  if (config.seeOwn) {
    for (let m = 1; m < round; m++) {
      const id = turnId(state.question.qid, m, agent, answerRole(m));
      if (state.turns.has(id)) ref.own.push(id);
    }
    if (set.history === 'last') ref.own = ref.own.slice(-1);
  }
  return ref;
}

function turnOf(state: QuestionState, id: TurnId): Turn {
  const turn = state.turns.get(id);
  if (!turn) throw new RangeError(`the prompt quotes turn ${id}, which the run does not hold`);
  return turn;
}

/** The last message of a prompt, before what the speaker said earlier is put in front. */
function lastMessage(ref: PromptRef, set: PromptSet, state: QuestionState): { content: string; inserts: Insert[] } {
  const asked = { text: set.question(state.question.text), task: state.question.task };
  const question: Insert = { name: 'question', text: asked.text };
  const peers = ref.peers.map((id): Peer & { source: TurnId } => {
    const { agent, text } = turnOf(state, id);
    return { name: agentName(agent), text, source: id };
  });
  // The built-in set writes a quoted solution on one line.
  const quoted = peers.map(({ text, source }): Insert => ({ name: 'peer', text: set.quote(text), source }));
  switch (ref.template.slice(ref.template.indexOf('/') + 1)) {
    case 'solve':
      return { content: set.solve(asked), inserts: [question] };
    case 'summarise':
      return { content: set.summarise(peers), inserts: quoted };
    case 'revise': {
      const text = ref.summary === null ? null : turnOf(state, ref.summary).text;
      const shown: Shown = text !== null ? { kind: 'summary', text } : peers.length ? { kind: 'solutions', peers } : { kind: 'none' };
      const content = set.revise(asked, shown);
      const read: Insert[] = text === null ? quoted : [{ name: 'summary', text, source: ref.summary! }];
      // Published wording often leaves the question to the chat before it; with no such chat it is put in front.
      if (ref.own.length || content.includes(asked.text)) return { content, inserts: [...read, question] };
      return { content: `${set.solve(asked)}\n\n${content}`, inserts: [question, ...read] };
    }
    default:
      throw new RangeError(`no prompt template "${ref.template}"`);
  }
}

/**
 * The messages a reference stands for, with the pieces they are made of.
 * @throws RangeError when the reference names an unknown template or a turn that is not there
 */
export function renderPrompt(ref: PromptRef, state: QuestionState): Prompt {
  const set = promptSetById(ref.template.slice(0, Math.max(0, ref.template.indexOf('/'))));
  const messages: Message[] = [];
  const parts: PromptPart[] = [];
  const say = (role: Message['role'], content: string, inserts: readonly Insert[]): void => {
    parts.push(...split(content, messages.length, role, inserts));
    messages.push({ role, content });
  };
  for (const id of ref.own) {
    const { prompt, text } = turnOf(state, id);
    const bare = set.question(state.question.text);
    if (set.history === 'last') say('user', bare, [{ name: 'question', text: bare }]);
    else {
      // A summary says nothing of the speaker's own past, so this goes no deeper than one level.
      const earlier = lastMessage(prompt, set, state);
      say('user', earlier.content, earlier.inserts);
    }
    say('assistant', text, [{ name: 'own answer', text, source: id }]);
  }
  const last = lastMessage(ref, set, state);
  say('user', last.content, last.inserts);
  return { messages, parts };
}

/** The prompt of a stored turn as it was sent; `verified` tells whether it hashes to what the turn recorded. */
export function rebuildPrompt(turn: Turn, state: QuestionState): Prompt & { verified: boolean } {
  const prompt = renderPrompt(turn.prompt, state);
  return { ...prompt, verified: promptHash(prompt.messages) === turn.promptHash };
}
