// The society against one call of a library per agent and question: tokens per second of both, same weights, same process.
import type { Engine, EngineMessage, EngineRow } from '../engine';
import { median } from './median';

export interface Pace {
  tokens: number;
  ms: number;
  perSecond: number;
}

export interface AgainstGenerate {
  agents: number;
  questions: number;
  /** Medians over the rounds. */
  ours: Pace;
  theirs: Pace;
  /** ours.perSecond / theirs.perSecond */
  times: number;
}

export interface AgainstOptions {
  /** Has the adapters named below. */
  engine: Engine;
  /** One for each agent; null = the base. */
  adapters: readonly (string | null)[];
  questions: readonly (readonly EngineMessage[])[];
  maxNewTokens: number;
  /** Continues one prompt the library's way, sampling at temperature 1. @returns how many tokens it gave */
  generate(messages: readonly EngineMessage[], maxNewTokens: number): Promise<number>;
  now(): number;
  rounds?: number;
}

const pace = (tokens: number, ms: number): Pace => ({ tokens, ms, perSecond: (tokens * 1000) / ms });
const middle = (paces: readonly Pace[]): Pace => {
  const perSecond = median(paces.map(p => p.perSecond));
  return paces.find(p => p.perSecond === perSecond)!;
};

/** Milliseconds for each side. A pass of ours is a fraction of one of theirs: counted in passes, its compilers would see little. */
const WARM = 3000;
/** Milliseconds that each side speaks for at a time: a debate goes on, and one pass after another is what it is made of. */
const LEAST = 1000;
/** Threads that wait for work and collectors of garbage come to rest: what one side leaves behind is not the other's. */
const rest = (): Promise<void> => new Promise(resolve => setTimeout(resolve, 100));

/** Rounds of both alternate, so that other load on the machine meets both. */
export async function benchAgainstGenerate(options: AgainstOptions): Promise<AgainstGenerate> {
  const { engine, adapters, questions, maxNewTokens, generate, now, rounds = 3 } = options;
  const rows = (seed: number): EngineRow[] =>
    questions.flatMap((messages, q) =>
      adapters.map((adapter, agent) => ({
        id: `${q} ${agent}`,
        messages: [...messages],
        adapter,
        sampling: { temperature: 1, topK: 50, topP: 1, minP: 0, maxNewTokens },
        draw: { seed, qid: `${q}`, agent, role: 'generator', round: 1, attempt: 0 },
      })),
    );
  const speak = async (seed: number): Promise<Pace> => {
    let tokens = 0;
    const started = now();
    await engine.generate(
      rows(seed),
      update => {
        if (update.type === 'done') tokens += update.output.usage.newTokens;
        if (update.type === 'failed') throw new Error(update.error.message);
      },
      new AbortController().signal,
    );
    return pace(tokens, now() - started);
  };
  const library = async (): Promise<Pace> => {
    let tokens = 0;
    const started = now();
    for (const messages of questions)
      for (let agent = 0; agent < adapters.length; agent++) tokens += await generate(messages, maxNewTokens);
    return pace(tokens, now() - started);
  };
  const forAWhile = async (work: (pass: number) => Promise<Pace>): Promise<Pace> => {
    let [tokens, ms] = [0, 0];
    for (let pass = 0; ms < LEAST; pass++) {
      const one = await work(pass);
      tokens += one.tokens;
      ms += one.ms;
    }
    return pace(tokens, ms);
  };
  // Compilers of both sides see their code often enough before it counts.
  const warm = async (work: () => Promise<unknown>): Promise<void> => {
    for (const end = now() + WARM; now() < end;) await work();
  };
  await warm(() => speak(0));
  await warm(library);
  const ours: Pace[] = [];
  const theirs: Pace[] = [];
  for (let round = 1; round <= rounds; round++) {
    ours.push(await forAWhile(pass => speak(round * 1000 + pass)));
    await rest();
    theirs.push(await forAWhile(library));
    await rest();
  }
  const [a, b] = [middle(ours), middle(theirs)];
  return { agents: adapters.length, questions: questions.length, ours: a, theirs: b, times: a.perSecond / b.perSecond };
}
