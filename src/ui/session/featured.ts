// The recording that plays at first paint: a real debate, made by the command line with the built-in model, shipped with the page.
import { voteOf } from '../../debate/decide';
import type { RunEvent, RunFile } from '../../debate/events';
import { foldAll, type RunState } from '../../debate/fold';
import { parseRunEvent } from '../../debate/schema';

export interface Recording {
  file: RunFile;
  state: RunState;
}

/** @throws Error when it cannot be fetched or is no run */
export async function fetchRecording(path: string, signal: AbortSignal): Promise<Recording> {
  const response = await fetch(new URL(path, document.baseURI), { signal });
  if (!response.ok) throw new Error(`${path} answered with status ${response.status}`);
  const { events } = (await response.json()) as { events: unknown[] };
  const file: RunFile = { polylogue: 'run', schema: 1, events: events.map((event): RunEvent => parseRunEvent(event)) };
  return { file, state: foldAll(file.events) };
}

export const featuredPath = 'runs/featured.run.json';

/** By which rule the command line chose it (`record.ts`): an example that was picked proves nothing about the average, so it says that it was. */
export function featuredWords(state: RunState): string {
  const [question] = state.questions.values();
  const vote = state.start && question ? voteOf(state.start.config, question, 1) : null;
  const turned = vote !== null && (vote.tie || vote.winner !== question!.question.truth);
  const rule = turned
    ? 'whose first vote was wrong or tied and whose last was right'
    : 'on which agents first disagreed and whose vote ended right';
  return `Chosen, not typical: of a batch, the first question ${rule}.`;
}

/** The batch that it was chosen from. */
export const batchHref = `#run=${encodeURIComponent('runs/batch.run.json')}`;
