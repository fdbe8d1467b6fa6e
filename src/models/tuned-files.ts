// The result files of a finetuning job, as the engine looks at them.
import type { Projection, Refusal } from '../onnx/resolve';
import { placeAdapter, type PlacedAdapter } from './adapters';
import type { TunedFiles } from './engine';
import { EngineError } from './fault';
import { hashOf } from './hash';

const adapterNames = ['adapter_config.json', 'adapter_model.safetensors'] as const;
const fullNames = ['config.json', 'model.safetensors'] as const;

/** An adapter, or full weights otherwise. */
export const isAdapter = (files: TunedFiles): boolean => adapterNames.some(name => name in files);

/** @throws EngineError `bad-model` when it is incomplete, damaged, or made for another model */
export function placeTuned(id: string, files: TunedFiles, projections: readonly Projection[], refusals: readonly Refusal[]): PlacedAdapter {
  const [config, weights] = adapterNames.map(name => files[name]);
  if (!config || !weights) throw new EngineError('bad-model', `The adapter ${id} lacks ${adapterNames[config ? 1 : 0]}.`);
  const text = new TextDecoder().decode(config);
  return placeAdapter(id, { 'adapter_config.json': text, 'adapter_model.safetensors': weights }, projections, refusals);
}

/** A name for the exact bytes, so that an agent that is there already is not read again. */
export async function hashTuned(files: TunedFiles): Promise<string> {
  const names = isAdapter(files) ? adapterNames : fullNames;
  const hashes = await Promise.all(names.map(name => (files[name] ? hashOf(files[name]) : `no ${name}`)));
  return hashes.join(' ');
}
