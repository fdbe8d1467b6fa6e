// Several engines with the same weights share the rows of a call: wasm keeps one processor busy each, and a small model gains nothing from
// threads. What is said does not depend on who says it, because a draw depends on neither batch nor order.
import type { Engine, EngineFacts, EngineRow, EngineUpdate, ScoreRow, TunedFiles } from '../engine';
import { toFault } from '../fault';
import { cutParts, shareOut } from './share';

export interface TeamOptions {
  /** Most engines, the first one included. */
  size: number;
  /** Another engine with the same weights; with no agents, or those the first was loaded with. */
  hire(signal: AbortSignal): Promise<Engine>;
  /** Told when one more could not be had, or was sent away; those who are there go on. */
  onFewer?(reason: string): void;
}

export interface Team extends Engine {
  /** Engines that share the rows of the next call. */
  readonly members: number;
  /** Resolves when nobody is on the way any more. */
  settled(): Promise<void>;
}

/** Rows of one call from which a second engine is worth its memory. */
const BUSY = 8;

const same = (a: EngineFacts, b: EngineFacts): boolean => a.modelHash === b.modelHash && a.dtype === b.dtype && a.device === b.device;
/** Reading a prompt and writing an answer both take time; their characters tell which rows are long without a tokenizer. */
const weightOf = ({ messages }: { messages: EngineRow['messages'] }): number => messages.reduce((sum, m) => sum + m.content.length, 0);

/** Behaves like `first` and owns it. Others are hired when there is work for them; nobody waits until they are there. */
export function createTeam(first: Engine, { size, hire, onFewer = () => undefined }: TeamOptions): Team {
  let members: readonly Engine[] = [first];
  let most = size;
  let hiring: Promise<void> | null = null;
  const closed = new AbortController();
  // What a new member has to learn; it changes with each `adopt`.
  let agents: ReadonlyMap<string, TunedFiles> | null = null;

  const sendAway = async (member: Engine, reason: string): Promise<void> => {
    members = members.filter(other => other !== member);
    most = members.length;
    onFewer(reason);
    await member.dispose();
  };

  async function hireOne(): Promise<void> {
    const member = await hire(closed.signal);
    try {
      if (!same(member.facts, first.facts)) throw new Error('it came to other weights or another device than the first one');
      for (let known = null as typeof agents; known !== agents;) {
        known = agents;
        await member.adopt(known!, closed.signal);
      }
      closed.signal.throwIfAborted();
      members = [...members, member];
    } catch (error) {
      await member.dispose();
      throw error;
    }
  }

  async function hireAll(): Promise<void> {
    try {
      while (members.length < most) await hireOne();
    } catch (error) {
      most = members.length;
      if (!closed.signal.aborted) onFewer(toFault(error).message);
    }
    hiring = null;
  }

  function callForHelp(rows: number): void {
    if (rows >= BUSY && members.length < most && !closed.signal.aborted) hiring ??= hireAll();
  }

  /** Too little room for several is no reason to stop: whoever fails for it leaves, and `rest` of the work is for the others. */
  async function orLeave<P>(member: Engine, work: () => Promise<unknown>, rest: () => P | null, stop: AbortSignal): Promise<P | null> {
    try {
      await work();
      return null;
    } catch (error) {
      const { code, message } = toFault(error);
      if (stop.aborted || member === first || (code !== 'device-lost' && code !== 'out-of-memory')) throw error;
      await sendAway(member, message);
      return rest();
    }
  }

  async function generate(rows: readonly EngineRow[], on: (update: EngineUpdate) => void, signal: AbortSignal): Promise<void> {
    callForHelp(rows.length);
    const agents = rows.map(row => row.adapter);
    const parts = cutParts(rows.map(weightOf), members.length, agents).map(part => part.map(i => rows[i]!));
    await shareOut(
      members,
      parts,
      (member, part, stop) => {
        const left = new Map(part.map(row => [row.id, row]));
        const hear = (update: EngineUpdate): void => {
          if (update.type !== 'text') left.delete(update.type === 'done' ? update.output.id : update.id);
          on(update);
        };
        const rest = (): EngineRow[] | null => (left.size ? [...left.values()] : null);
        return orLeave(member, () => member.generate(part, hear, stop), rest, stop);
      },
      signal,
    );
  }

  async function score(rows: readonly ScoreRow[], signal: AbortSignal): ReturnType<Engine['score']> {
    callForHelp(rows.length);
    const weights = rows.map(row => weightOf(row) + row.text.length);
    const scored = Array<Awaited<ReturnType<Engine['score']>>[number]>(rows.length);
    await shareOut(
      members,
      cutParts(
        weights,
        members.length,
        rows.map(row => row.adapter),
      ),
      (member, part, stop) => {
        const work = async (): Promise<void> => {
          const own = part.map(i => rows[i]!);
          (await member.score(own, stop)).forEach((result, at) => (scored[part[at]!] = result));
        };
        return orLeave(member, work, () => part, stop);
      },
      signal,
    );
    return scored;
  }

  return {
    get facts() {
      return first.facts;
    },
    get checks() {
      return first.checks;
    },
    get warnings() {
      return first.warnings ?? [];
    },
    get maxContext() {
      return first.maxContext;
    },
    get members() {
      return members.length;
    },
    settled: async () => void (await hiring),
    generate,
    score,
    async adopt(chosen, signal) {
      // The first decides: when it refuses, nobody has changed. The others follow whatever the caller does meanwhile.
      await first.adopt(chosen, signal);
      agents = chosen;
      await Promise.all(
        members
          .slice(1)
          .map(member => member.adopt(chosen, closed.signal).catch((error: unknown) => sendAway(member, toFault(error).message))),
      );
    },
    probe: (agent, file, signal) => first.probe(agent, file, signal),
    tokenize: messages => first.tokenize(messages),
    async dispose() {
      closed.abort(new DOMException('The engine was unloaded.', 'AbortError'));
      const all = members;
      members = [first];
      await hiring;
      await Promise.all(all.map(member => member.dispose()));
    },
  };
}
