// Random adapters for the bench: as large as real ones, too weak to change what a model says.
import { randomFloats, randomNumbers } from '../../onnx/fixtures/weights';
import { llamaShapes, type LlamaConfig } from '../../onnx/llama';
import { writeAdapter, type AdapterFiles, type AdapterModule } from '../../onnx/peft';

/** Rank 8 on all seven projections. @param config of the model folder, as in `config.json` */
export function probeAdapters(config: Record<string, unknown>, ids: readonly string[]): Map<string, AdapterFiles> {
  const n = (key: string): number => Number(config[key]);
  const heads = n('num_attention_heads');
  const shape: LlamaConfig = {
    vocab: n('vocab_size'),
    hidden: n('hidden_size'),
    layers: n('num_hidden_layers'),
    heads,
    kvHeads: Number(config['num_key_value_heads'] ?? heads),
    headDim: Number(config['head_dim'] ?? n('hidden_size') / heads),
    ff: n('intermediate_size'),
    eps: 1e-5,
    theta: 10000,
    maxPositions: 2,
    tied: true,
  };
  const rank = 8;
  return new Map(
    ids.map((id, i) => {
      const random = randomNumbers(77 + i);
      const modules = new Map<string, AdapterModule>();
      for (const [name, [N, K]] of llamaShapes(shape) as [string, [number, number]][]) {
        const path = name.replace(/\.weight$/, '');
        if (!path.endsWith('_proj')) continue;
        modules.set(path, { rank, K, N, A: randomFloats(K * rank, 1 / Math.sqrt(K), random), B: randomFloats(rank * N, 1e-4, random) });
      }
      return [id, writeAdapter(modules, { alpha: rank, baseModel: null })];
    }),
  );
}
