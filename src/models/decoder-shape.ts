// What a decoder graph asks for and gives, read off its inputs; graphs the engine cannot batch are refused here.
import { EngineError } from './fault';
import type { Session, TensorType } from './runtime';
import { SLOT_INDEX } from './slot-outputs';

export interface CacheSlot {
  past: string;
  present: string;
  heads: number;
  headDim: number;
  type: Extract<TensorType, 'float32' | 'float16'>;
}

export interface DecoderShape {
  slots: readonly CacheSlot[];
  /** Only the logits at `logits_index` come out. */
  gathered: boolean;
  positions: boolean;
  /** Newer exports: how many of the last positions to give logits for. */
  keepsLogits: boolean;
  /** Steps can hand back only the slots they wrote. */
  slotOutputs: boolean;
  /** Bytes of cache per row and token. */
  bytesPerToken: number;
  /** Width of the logits. */
  vocabulary: number;
}

const known =
  /^(input_ids|attention_mask|position_ids|logits_index|slot_index|lora_rows|num_logits_to_keep|past_key_values\.\d+\.(key|value)|.+\.lora_[AB]\.weight)$/;

/** @throws EngineError `bad-model` when rows of different lengths cannot share a batch of this graph */
export function decoderShape(session: Session): DecoderShape {
  const names = new Set(session.inputNames);
  const stranger = session.inputNames.find(name => !known.test(name));
  if (stranger !== undefined) {
    const state = /conv|recurrent|ssm|state/i.test(stranger);
    throw new EngineError(
      'bad-model',
      state
        ? `This model keeps a running state (${stranger}); padding would leak into it, so its rows cannot share a batch.`
        : `This model asks for an input the engine does not know (${stranger}).`,
      'Choose a decoder with attention only, such as SmolLM2, Llama or Qwen2.5.',
    );
  }
  for (const name of ['input_ids', 'attention_mask'])
    if (!names.has(name)) throw new EngineError('bad-model', `This graph has no input ${name}.`);
  const slots: CacheSlot[] = [];
  for (const meta of session.inputMetadata) {
    if (!meta.name.startsWith('past_key_values.')) continue;
    const present = meta.name.replace('past_key_values', 'present');
    if (!session.outputNames.includes(present))
      throw new EngineError('bad-model', `This graph reads ${meta.name} but never gives ${present}.`);
    const [heads, headDim] = meta.isTensor ? [meta.shape[1], meta.shape[3]] : [];
    if (!meta.isTensor || typeof heads !== 'number' || typeof headDim !== 'number' || (meta.type !== 'float32' && meta.type !== 'float16'))
      throw new EngineError('bad-model', `${meta.name} of this graph has no fixed heads and width in 32- or 16-bit floats.`);
    slots.push({ past: meta.name, present, heads, headDim, type: meta.type });
  }
  if (!slots.length)
    throw new EngineError('bad-model', 'This graph has no key/value cache.', 'Export the model as "text-generation-with-past".');
  const logits = session.outputMetadata.find(m => m.name === 'logits');
  const vocabulary = logits?.isTensor ? logits.shape[2] : undefined;
  if (typeof vocabulary !== 'number') throw new EngineError('bad-model', 'This graph has no output logits of a fixed width.');
  return {
    slots,
    gathered: names.has('logits_index'),
    positions: names.has('position_ids'),
    keepsLogits: names.has('num_logits_to_keep'),
    slotOutputs: names.has(SLOT_INDEX),
    vocabulary,
    bytesPerToken: slots.reduce((sum, s) => sum + s.heads * s.headDim * (s.type === 'float16' ? 2 : 4), 0),
  };
}
