// The files of an order as they would be sent: what is asked about beforehand is what goes.
import type { TuneOrder } from '../datasets/order';

export interface Upload {
  kind: 'training' | 'validation';
  /** By what is in it: the same rows sent again are the same file. */
  name: string;
  content: string;
}

export const rowsOf = (jsonl: string): number => jsonl.split('\n').filter(line => line.trim() !== '').length;

export function uploadsOf({ agent, iteration, datasetHash, training, validation }: TuneOrder): Upload[] {
  const one = (kind: Upload['kind'], content: string): Upload => ({
    kind,
    name: `${agent}-it${iteration}-${kind}-${datasetHash.slice(0, 12)}.jsonl`,
    content,
  });
  return [one('training', training), ...(validation === null ? [] : [one('validation', validation)])];
}
