// Makes training sets off the main thread: rebuilding and naming every row of a long run takes most of a second.
import { collectSets, previewSets, type SetPreview } from '../../datasets/collect';
import type { DatasetConfig, TrainingSet } from '../../datasets/records';
import type { QuestionState, RunState } from '../../debate/fold';
import { collectedFrom, type Collected } from '../../experiment/collected';
import type { LoopConfig } from '../../experiment/records';

export type ToMaker =
  /** Questions of the run with their ids, in parts; then the rest of it, before anything is asked. */
  | { kind: 'part'; part: [string, QuestionState][] }
  | { kind: 'rest'; rest: Omit<RunState, 'questions'> }
  | { kind: 'sizes'; id: number; config: DatasetConfig }
  | { kind: 'sets'; id: number; config: DatasetConfig }
  | { kind: 'collected'; id: number; config: LoopConfig; iteration: number };
export type Made = { id: number; sizes: SetPreview[] } | { id: number; sets: TrainingSet[] } | { id: number; collected: Collected };

const maker = self as unknown as {
  onmessage: ((event: MessageEvent<ToMaker>) => void) | null;
  postMessage(message: Made | { id: number; failed: string }): void;
};

const questions = new Map<string, QuestionState>();
let run: RunState | null = null;

async function work(message: Exclude<ToMaker, { kind: 'part' | 'rest' }>): Promise<Made> {
  if (!run) throw new Error('The run did not arrive.');
  const { id } = message;
  switch (message.kind) {
    case 'sizes':
      return { id, sizes: previewSets(run, message.config) };
    case 'sets':
      return { id, sets: await collectSets(run, message.config, { iteration: 1 }) };
    case 'collected':
      return { id, collected: await collectedFrom(run, message.config, message.iteration) };
  }
}

maker.onmessage = ({ data }) => {
  if (data.kind === 'part') return data.part.forEach(([qid, question]) => questions.set(qid, question));
  if (data.kind === 'rest') return void (run = { ...data.rest, questions });
  work(data).then(
    made => maker.postMessage(made),
    (error: unknown) => maker.postMessage({ id: data.id, failed: error instanceof Error ? error.message : String(error) }),
  );
};
