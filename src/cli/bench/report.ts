// What `npm run bench` measures, before it is a table.
import type { EngineBench } from '../../models/bench/suite';
import type { LoopTimes } from './loop';
import type { PageTimes } from './page';
import type { TrainStepTimes } from './train-step';

export interface Report {
  date: string;
  machine: string;
  /** Arithmetic of all processors together over that of one; null where no engine was measured. */
  together: number | null;
  /** Of onnxruntime, on both sides of a comparison. */
  threads: number;
  engines: Record<string, EngineBench>;
  trainStep: TrainStepTimes | null;
  page: PageTimes | null;
  /** One iteration each, by part; null where it was not measured. */
  loops: Record<string, LoopTimes>;
}
