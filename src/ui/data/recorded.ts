// Sets of the loops that ship with the page: read from their folders when they are asked for, and kept nowhere.
import { agentName, type TrainingSet } from '../../datasets/records';
import type { LoopEvent } from '../../experiment/records';
import type { OpenedRun } from '../../share/open';
import { formatRoute } from '../app/route';
import { fetchLoop, fetchSet, recordings, type Recording } from '../loop/recordings';
import { recordedSource } from '../loop/source';
import { openUrl } from '../share/reading';
import type { SetEntry, SetGroup } from './groups';

interface RecordedLoop {
  recording: Recording;
  events: readonly LoopEvent[];
}

/** As the store lists its own: generators first. */
const byAgent = ({ header: x }: SetEntry, { header: y }: SetEntry): number =>
  x.role === y.role ? x.agent - y.agent : x.role === 'generator' ? -1 : 1;

const titleOf = ({ id }: Recording): string => `Recorded loop: ${id}`;

export class Recorded {
  private constructor(
    private readonly loops: readonly RecordedLoop[],
    private readonly signal: AbortSignal,
  ) {}

  /** What this copy of the page holds: a site may be published without its recordings. */
  static async open(signal: AbortSignal): Promise<Recorded> {
    const found = await Promise.all(
      recordings
        .filter(({ control }) => !control)
        .map(recording =>
          fetchLoop(recording, signal).then(
            (events): RecordedLoop[] => [{ recording, events }],
            () => [],
          ),
        ),
    );
    return new Recorded(found.flat(), signal);
  }

  get groups(): SetGroup[] {
    return this.loops.flatMap(({ recording, events }) =>
      events.flatMap((event): SetGroup[] => {
        if (event.type !== 'collected') return [];
        const { iteration, sets, at } = event;
        const entry = (header: (typeof sets)[number]): SetEntry => ({
          id: `${recording.id} ${iteration} ${agentName(header.role, header.agent)}`,
          sha256: header.sha256,
          at,
          loop: recording.id,
          header,
        });
        const href = formatRoute({ kind: 'loop', loop: recording.id });
        return [
          { key: `recorded ${recording.id} ${iteration}`, title: titleOf(recording), href, iteration, sets: sets.map(entry).sort(byAgent) },
        ];
      }),
    );
  }

  /** @returns null when no recording holds it @throws Error when it cannot be read */
  async set(sha256: string): Promise<{ entry: SetEntry; set: TrainingSet } | null> {
    for (const { recording } of this.loops) {
      const entry = this.groups.flatMap(({ sets }) => sets).find(one => one.loop === recording.id && one.sha256 === sha256);
      if (!entry) continue;
      return { entry, set: await fetchSet(new URL(recording.folder, document.baseURI), sha256, this.signal) };
    }
    return null;
  }

  #folderOf(run: string): string | null {
    const loop = this.loops.find(({ events }) => events.some(event => event.type === 'debated' && event.run === run));
    return loop?.recording.folder ?? null;
  }

  /** @returns null when no recording holds it @throws ShareError */
  async run(run: string): Promise<OpenedRun | null> {
    const folder = this.#folderOf(run);
    if (folder === null) return null;
    return openUrl(new URL(`${folder}runs/${encodeURIComponent(run)}.run.json.gz`, document.baseURI), this.signal);
  }

  /** Where a turn of a recorded run is shown. */
  debateHref(run: string, qid: string, turn: string): string | null {
    const folder = this.#folderOf(run);
    return folder === null ? null : recordedSource(folder, this.signal).runHref(run, qid, turn);
  }

  /** Debates that recorded loops trained on. */
  get training(): { run: string; title: string }[] {
    return this.loops.flatMap(({ recording, events }) =>
      events.flatMap(event =>
        event.type === 'debated' && event.purpose === 'train'
          ? [{ run: event.run, title: `${titleOf(recording)}, iteration ${event.iteration}` }]
          : [],
      ),
    );
  }
}
