// E3: a job's events as they happen, after those that have. A hint that saves polling; the job object decides.
import { isTerminal } from '../finetune/wire';
import type { Fact } from './facts';
import type { Job } from './job';
import { eventObject, jobObject } from './views';

const utf8 = new TextEncoder();

const kindOf = (type: string, data: Record<string, unknown> | null): string =>
  type === 'metrics' ? 'metrics' : data?.status === undefined ? 'message' : 'status';

/**
 * @param after sequence number the reader has seen
 * @param closed called once, when the reader has gone or everything was told
 */
export function eventStream(
  job: Job,
  after: number,
  { ping, clock, signal, closed }: { ping: number; clock: () => number; signal: AbortSignal; closed: () => void },
): Response {
  let stop: () => void = () => undefined;
  const stream = new ReadableStream<Uint8Array>({
    async start(controller) {
      let [seen, live, over] = [after, false, false];
      const waiting: Fact[] = [];
      const write = (text: string): void => controller.enqueue(utf8.encode(text));
      const unsubscribe = job.subscribe(fact => (live ? tell(fact) : waiting.push(fact)));
      const timer = setInterval(() => write(': ping\n\n'), ping);
      stop = () => {
        if (over) return;
        over = true;
        clearInterval(timer);
        unsubscribe();
        signal.removeEventListener('abort', end);
        closed();
      };
      const end = (): void => {
        if (over) return;
        stop();
        controller.close();
      };
      const tell = (fact: Fact): void => {
        if (over || fact.seq <= seen) return;
        seen = fact.seq;
        const event = eventObject(job.spec, fact);
        write(`id: ${fact.seq}\nevent: ${kindOf(event.type, event.data)}\ndata: ${JSON.stringify(event)}\n\n`);
        if (live) finish();
      };
      const finish = (): void => {
        if (!isTerminal(job.state.status) || seen < job.state.seq) return;
        write(`event: done\ndata: ${JSON.stringify(jobObject(job, clock()))}\n\n`);
        end();
      };
      signal.addEventListener('abort', end);
      try {
        for (const fact of await job.facts()) tell(fact);
        for (const fact of waiting) tell(fact);
        live = true;
        if (!over) finish();
      } catch (error) {
        stop();
        controller.error(error);
      }
    },
    cancel: () => stop(),
  });
  return new Response(stream, { headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' } });
}
