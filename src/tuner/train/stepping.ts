// One update of several micro-batches, and evaluation without an update, on top of the training step.
import type { Batch } from '../../onnx/train/batch';
import type { RuntimeTensor } from '../../onnx/train/runtime';
import type { TrainStepper } from '../../onnx/train/stepper';

/** Mean loss of a batch; the state is left as it was. */
export async function lossOf<T extends RuntimeTensor>(stepper: TrainStepper<T>, batch: Batch): Promise<number> {
  const before = stepper.exportState();
  const { loss } = await stepper.step(batch, { adamw: 0 });
  stepper.importState(before);
  return loss;
}
