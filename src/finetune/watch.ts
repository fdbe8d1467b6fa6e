// Follows a job to its end. The stream, where there is one, is a hint; the job object decides.
import * as v from 'valibot';
import type { Client } from './client';
import { EndpointError } from './errors';
import { Ledger } from './ledger';
import type { TuneUpdate } from '../datasets/order';
import type { Sleep } from './retry';
import { readEvents } from './sse';
import { eventSchema, isTerminal, type EventObject, type JobObject } from './wire';

export interface Watched {
  job: JobObject;
  ledger: Ledger;
}

/** Milliseconds between polls: soon at first and after news, then ever more rarely; one of ours is near and has short jobs. */
const polls = { least: 2000, most: 15_000, growth: 1.5 };
const ownPolls = { least: 1000, most: 3000, growth: 1.5 };
/** A stream that says nothing for so long, not even its ping of 15 s, is dead. */
const silence = 45_000;
/** Streams in a row that brought nothing before polling takes over. */
const mostEmptyStreams = 3;
/** Polls in a row without an answer (each repeated by the client) before watching gives up: some ten minutes. The job goes on without us. */
const mostFailures = 25;
/** Pages of events read in one poll. */
const mostPages = 200;

const isAway = (error: unknown): boolean => error instanceof EndpointError && (error.code === 'unreachable' || (error.status ?? 0) >= 500);

/**
 * @returns the job in a terminal status, and what its events said
 * @throws EndpointError, or `signal.reason`; the job is left running
 */
export async function watchJob(
  client: Client,
  first: JobObject,
  on: (update: TuneUpdate) => void,
  { sleep, onStatus }: { sleep: Sleep; onStatus: (status: string) => Promise<void> },
  signal: AbortSignal,
): Promise<Watched> {
  const ledger = new Ledger(on);
  let job = first;
  let told = '';
  let lastEventId: string | null = null;
  let emptyStreams = 0;
  let failures = 0;
  const pace = client.profile.id === 'tuner' ? ownPolls : polls;
  let wait = pace.least;
  let streams = true;

  const tell = async (): Promise<void> => {
    if (job.status === told) return;
    told = job.status;
    on({ type: 'status', status: told });
    await onStatus(told);
  };

  /** @returns whether anything new was there */
  async function pollEvents(): Promise<boolean> {
    const fresh: EventObject[] = [];
    let after: string | null = null;
    walk: for (let page = 0; page < mostPages; page++) {
      const list = await client.events(job.id, after, signal);
      for (const event of list.data) {
        if (ledger.knows(event.id) || fresh.some(({ id }) => id === event.id)) break walk;
        fresh.push(event);
      }
      if (!list.has_more || list.data.length === 0) break;
      after = list.data.at(-1)!.id;
    }
    for (const event of fresh.reverse()) ledger.take(event);
    return fresh.length > 0;
  }

  /** Reads one stream to its end. @returns whether it brought anything */
  async function readStream(): Promise<boolean> {
    const quiet = new AbortController();
    let timer = setTimeout(() => quiet.abort(), silence);
    const heard = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => quiet.abort(), silence);
    };
    let brought = false;
    try {
      const body = await client.eventStream(job.id, lastEventId, AbortSignal.any([signal, quiet.signal]));
      if (!body) {
        streams = false;
        return false;
      }
      for await (const { id, event, data } of readEvents(body, heard)) {
        if (id !== null) lastEventId = id;
        if (event === 'done') break;
        const parsed = v.safeParse(eventSchema, parseJson(client.hide(data)));
        if (!parsed.success) continue; // an extension we do not know
        brought = ledger.take(parsed.output) || brought;
        if (event === 'status' && isTerminal(String(parsed.output.data?.status))) break;
      }
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof EndpointError && !isAway(error)) throw error;
      // Anything else is a stream that broke: the job object is asked next.
    } finally {
      clearTimeout(timer);
    }
    return brought;
  }

  for (;;) {
    signal.throwIfAborted();
    await tell();
    try {
      if (isTerminal(job.status)) {
        await pollEvents();
        return { job, ledger };
      }
      // Only what trains has something to tell every second: jobs that wait their turn leave the streams to those that run.
      const giveBack = streams ? client.takeStream(job.status === 'running') : null;
      if (giveBack) {
        emptyStreams = (await readStream().finally(giveBack)) ? 0 : emptyStreams + 1;
        if (emptyStreams >= mostEmptyStreams) streams = false;
        // A stream that ends at once must not be opened again at once.
        if (streams && emptyStreams > 0) await sleep(pace.least, signal);
      } else {
        wait = (await pollEvents()) ? pace.least : Math.min(pace.most, wait * pace.growth);
        await sleep(wait, signal);
      }
      job = await client.job(job.id, signal);
      failures = 0;
    } catch (error) {
      signal.throwIfAborted();
      if (!isAway(error) || ++failures > mostFailures) throw error;
      if (failures === 1) on({ type: 'message', level: 'warn', text: `${(error as Error).message} Still trying.` });
      await sleep(polls.most, signal);
    }
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // fails the schema, like any other event we do not know
  }
}
