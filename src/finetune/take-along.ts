// What somebody needs who trains an order by other means: its rows, what the loop would have asked for, and what it takes back.
import type { TuneOrder } from '../datasets/order';

export const settingsWords = ({ settings }: Pick<TuneOrder, 'settings'>): string => {
  const { method, rank, alpha, learningRate, schedule, warmupSteps, batchSize, epochs, steps, weightDecay, maxGradNorm } = settings;
  return [
    method === 'lora' ? `LoRA, rank ${rank}, alpha ${alpha}` : 'full weights',
    steps === null ? `${epochs} passes` : `${steps} updates`,
    `${batchSize} rows per update`,
    `learning rate ${learningRate}, ${schedule}, ${warmupSteps} updates of warm-up`,
    `weight decay ${weightDecay}, gradient norm at most ${maxGradNorm}`,
  ].join('; ');
};

/** Text by file name. */
export const setFiles = ({ training, validation }: TuneOrder): Record<string, string> => ({
  'train.jsonl': training,
  ...(validation !== null && { 'validation.jsonl': validation }),
});

/** @param orders of one iteration */
export const takeAlongReadme = (orders: readonly TuneOrder[]): string =>
  [
    `Training sets of iteration ${orders[0]!.iteration}, one folder per agent. Base: ${orders[0]!.base}.`,
    'train.jsonl: one conversation a line; assistant turns with "weight": 0 are read, not learned.',
    'validation.jsonl: held out, not to be trained on.',
    '',
    ...orders.map(
      order =>
        `${order.agent}: ${settingsWords(order)}; seed ${order.seed}.${order.from === null ? '' : ' Goes on from its present weights.'}`,
    ),
    '',
    'What the loop takes back for each agent: adapter_config.json and adapter_model.safetensors (a PEFT LoRA adapter), or config.json and',
    'model.safetensors (full weights), with probe.json if there is one; as files, or in a zip.',
    '',
  ].join('\n');
