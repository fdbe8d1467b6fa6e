// What a loop needs from this page: the session's engine and record for its debates, the store for its sets and weights, an endpoint to train.
import type { RunConfig } from '../../debate/config';
import { asJobFailure } from '../../experiment/job-failure';
import type { LoopPorts } from '../../experiment/ports';
import type { LiveLoopEvent, LoopEvent, ProbeResult } from '../../experiment/records';
import type { EndpointChoice } from '../endpoint/endpoint.svelte';
import { withMaker } from '../data/set-maker';
import { placeWords } from '../endpoint/place-words';
import { otherBase, refusedBase } from '../../models/base-identity';
import type { Session } from '../session/session.svelte';
import type { ByHand } from './by-hand.svelte';
import { assertPlace } from './place';

export interface DriverDeps {
  session: Session;
  endpoint: Pick<EndpointChoice, 'finetune' | 'kind' | 'origin'>;
  /** Where the reader gives weights, when no endpoint was chosen. */
  byHand: Pick<ByHand, 'wait'>;
  loop: string;
  base: RunConfig['base'];
  /** It was taken from another tab, and so are its debates. */
  steal: boolean;
  /** Resolves once the event is durable. */
  append: (event: LoopEvent) => Promise<void>;
  emit: (event: LiveLoopEvent) => void;
  /** ISO 8601. */
  now: () => string;
  /** Milliseconds of a steady clock. */
  clock: () => number;
}

/** Between two scorings the page breathes, and a pause is heard. */
const rowsPerScore = 24;

const probeFile = 'probe.json';

export function driverPorts({ session, endpoint, byHand, loop, base, steal, append, emit, now, clock }: DriverDeps): LoopPorts {
  const { record } = session;

  return {
    append,
    emit,
    now,
    clock,
    debate: ({ run, title, config, questions }, onTurns, signal) =>
      session.speak({ run, loop, title, config, questions, steal }, onTurns, signal),

    collect: (run, config, iteration, signal) => withMaker(run, maker => maker.collected(config, iteration), signal),

    async keepSets(sets) {
      await (await record.store).sets.save(sets, loop);
    },
    readSet: async sha256 => (await record.store).sets.read(sha256),

    async finetune(order, on, signal) {
      if (endpoint.kind === 'export') return byHand.wait(order, signal);
      if (endpoint.origin !== null)
        await assertPlace(order, endpoint.origin, (await record.store).memos, origin => placeWords(origin, location.origin));
      let job: string | null = null;
      try {
        return await endpoint.finetune(
          order,
          update => {
            if (update.type === 'created') job = update.job;
            on(update);
          },
          signal,
        );
      } catch (error) {
        signal.throwIfAborted();
        throw asJobFailure(error, job);
      }
    },

    async keepAdapter(id, tuned, facts) {
      const { adapters } = await record.store;
      // The base in use is the one that was debated with; a result for another is refused when it is adopted.
      const { modelHash } = (await session.models.engineOf(base, new AbortController().signal)).facts;
      const { sha256 } = await adapters.save(
        { id, ...facts, base: modelHash, at: now(), ...(tuned.anyway && { anyway: true }) },
        tuned.files,
      );
      return sha256;
    },

    async adopt(ids, signal) {
      if (session.live?.active) await session.live.pause();
      const { adapters } = await record.store;
      const probes = new Map<string, ProbeResult | null>();
      for (const id of ids) {
        const kept = await adapters.read(id);
        const other = kept.record.anyway ? null : otherBase(base, kept.files);
        if (other) probes.set(id, refusedBase(other));
      }
      const own = ids.filter(id => !probes.has(id));
      const { engine, files } = await session.models.assemble(base, own, signal);
      for (const id of own) {
        const probe = files.get(id)?.[probeFile];
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
      const engine = await session.models.engineOf(base, signal);
      const found: number[][] = [];
      for (let from = 0; from < rows.length; from += rowsPerScore) {
        signal.throwIfAborted();
        const scored = await engine.score(rows.slice(from, from + rowsPerScore), signal);
        found.push(...scored.map(({ logprobs }) => logprobs));
        onScored(found.length);
      }
      return found;
    },
  };
}
