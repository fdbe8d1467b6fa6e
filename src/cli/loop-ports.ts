// The loop's outside in Node: a folder, the society engine in this process, and an endpoint.
import type { RunEvent } from '../debate/events';
import { fold, foldAll } from '../debate/fold';
import { runDebate } from '../debate/protocol';
import { allTurns } from '../debate/schedule';
import { asJobFailure } from '../experiment/job-failure';
import type { TuneOrder, Tuned, TuneUpdate } from '../datasets/order';
import type { LoopPorts } from '../experiment/ports';
import type { LiveLoopEvent, LoopEvent } from '../experiment/records';
import { otherBase, refusedBase } from '../models/base-identity';
import type { Engine, TunedFiles } from '../models/engine';
import { app, timestamp } from './about';
import type { LoopFolder } from './loop-folder';

/** Whatever trains, behind its wire. */
export interface LoopEndpoint {
  finetune(order: TuneOrder, on: (update: TuneUpdate) => void, signal: AbortSignal): Promise<Tuned>;
  close(): Promise<void>;
}

export interface NodePorts {
  folder: LoopFolder;
  engine: Engine;
  endpoint: LoopEndpoint;
  /** Most rows per call of the engine. */
  width: number;
  /** Weights that name another base are used all the same. */
  anyBase: boolean;
  /** Told of every event once it is stored. */
  onStored: (event: LoopEvent) => void;
  onLive: (event: LiveLoopEvent) => void;
}

/** Half a decimal below what a loss curve shows. */
const rounded = (loss: number): number => Math.round(loss * 1e5) / 1e5;

const shorter = (event: LoopEvent): LoopEvent =>
  event.type === 'job-ended'
    ? {
        ...event,
        losses: event.losses.map(rounded),
        validation: event.validation.map(({ step, loss }) => ({ step, loss: rounded(loss) })),
      }
    : event;

export function nodePorts({ folder, engine, endpoint, width, anyBase, onStored, onLive }: NodePorts): LoopPorts {
  return {
    async append(event) {
      const kept = shorter(event);
      await folder.append(kept);
      onStored(kept);
    },
    emit: onLive,
    now: timestamp,
    clock: () => performance.now(),
    async debate({ run, title, config, questions }, onTurns, signal) {
      const whole = await folder.readRun(run);
      if (whole) return foldAll(whole);
      const journal = await folder.openRun(run);
      try {
        const events: RunEvent[] = [...journal.events];
        let state = foldAll(events);
        const total = allTurns(config).length * questions.length;
        const at = timestamp();
        const end = await runDebate({
          start: { type: 'run-started', schema: 1, run, at, title, app, config, engine: engine.facts, questions: [...questions] },
          state,
          generate: (rows, on, stop) => engine.generate(rows, on, stop),
          append: async event => {
            await journal.append(event);
            events.push(event);
            state = fold(state, event);
          },
          emit: event => {
            if (event.type === 'turn' || event.type === 'turn-failed') onTurns(state.ledger.calls, total);
          },
          now: timestamp,
          width,
          signal,
        });
        await folder.closeRun(run, journal, events);
        return end;
      } catch (error) {
        await journal.close();
        throw error;
      }
    },
    async keepSets(sets) {
      for (const set of sets) await folder.keepSet(set);
    },
    readSet: sha256 => folder.readSet(sha256),
    async finetune(order, on, signal) {
      let job: string | null = null;
      try {
        return await endpoint.finetune(
          order,
          update => {
            if (update.type === 'created') ({ job } = update);
            on(update);
          },
          signal,
        );
      } catch (error) {
        throw asJobFailure(error, job);
      }
    },
    keepAdapter: (id, tuned, facts) => folder.keepAdapter(id, tuned, facts),
    async adopt(adapters, signal) {
      const files = new Map<string, TunedFiles>();
      const probes: Awaited<ReturnType<LoopPorts['adopt']>> = new Map();
      for (const id of adapters) {
        const kept = await folder.readAdapter(id);
        const other = anyBase ? null : otherBase(engine.facts.base, kept);
        if (other) probes.set(id, refusedBase(other));
        else files.set(id, kept);
      }
      await engine.adopt(files, signal);
      for (const [id, { 'probe.json': probe }] of files) {
        if (!probe) {
          probes.set(id, null);
          continue;
        }
        const { deviation, bound, passed, reason } = await engine.probe(id, probe, signal);
        probes.set(id, { deviation, bound, passed, reason });
      }
      return probes;
    },
    async score(rows, onScored, signal) {
      const found: number[][] = [];
      for (let from = 0; from < rows.length; from += width) {
        const scored = await engine.score(rows.slice(from, from + width), signal);
        found.push(...scored.map(({ logprobs }) => logprobs));
        onScored(found.length);
      }
      return found;
    },
  };
}
