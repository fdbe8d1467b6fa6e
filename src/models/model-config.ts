// The facts of a model folder's configuration that the engine needs.
import { EngineError } from './fault';
import { needJson, readJson, type ModelFolder } from './model-folder';
import { createTokenizer, type Tokenizer } from './tokenizer';

export interface ModelConfig {
  architecture: string;
  /** Longest prompt plus answer the positions allow, in tokens. */
  context: number;
  /** Widths of a fused `qkv_proj`. */
  widths: { q: number; kv: number } | undefined;
  stops: ReadonlySet<number>;
  tokenizer: Tokenizer;
}

const number = (value: unknown): number | undefined => (typeof value === 'number' && Number.isFinite(value) ? value : undefined);
const numbers = (value: unknown): number[] => (Array.isArray(value) ? value : [value]).filter(v => typeof v === 'number');

/** @throws EngineError `bad-model` when a needed file is missing or unusable */
export async function readModelConfig(folder: ModelFolder, signal?: AbortSignal): Promise<ModelConfig> {
  const config = await needJson(folder, 'config.json', signal);
  const generation = (await readJson(folder, 'generation_config.json', signal)) ?? {};
  const template = await folder.read('chat_template.jinja', { signal });
  const tokenizer = createTokenizer({
    tokenizer: await needJson(folder, 'tokenizer.json', signal),
    config: await needJson(folder, 'tokenizer_config.json', signal),
    ...(template ? { template: new TextDecoder().decode(template) } : {}),
  });
  const heads = number(config['num_attention_heads']);
  const kvHeads = number(config['num_key_value_heads']) ?? heads;
  const headDim = number(config['head_dim']) ?? (heads === undefined ? undefined : (number(config['hidden_size']) ?? 0) / heads);
  const context = number(config['max_position_embeddings']) ?? number(config['n_positions']);
  if (context === undefined) throw new EngineError('bad-model', 'config.json of this model does not say how long its context is.');
  const stops = new Set([...numbers(generation['eos_token_id']), ...numbers(config['eos_token_id']), ...numbers(tokenizer.eos)]);
  if (!stops.size) throw new EngineError('bad-model', 'This model names no token that ends an answer.');
  return {
    architecture: String(config['model_type'] ?? 'unknown'),
    // Prompts are padded to an even width, and the positions must reach that far.
    context: context - (context % 2),
    widths: heads && kvHeads && headDim ? { q: heads * headDim, kv: kvHeads * headDim } : undefined,
    stops,
    tokenizer,
  };
}
