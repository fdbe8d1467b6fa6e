// Which checkpoint an ONNX repository was made from: adapters name the checkpoint they were trained on, and the page runs the export.

export interface SourceModel {
  repo: string;
  /** Commit of `repo` that was exported; null = not known, then any revision is taken for it. */
  revision: string | null;
}

const of = (repo: string, ...exports: string[]): [string, SourceModel][] =>
  exports.map(name => [name.toLowerCase(), { repo, revision: null }]);

/** Keyed by the id of the export in lower case. A repository that holds checkpoint and export side by side is its own source. */
export const baseSources: ReadonlyMap<string, SourceModel> = new Map([
  ...of('abacus', 'abacus'),
  ...['135M', '360M', '1.7B'].flatMap(size => {
    const repo = `HuggingFaceTB/SmolLM2-${size}-Instruct`;
    return of(repo, repo, `onnx-community/SmolLM2-${size}-Instruct-ONNX`);
  }),
  ...['0.5B', '1.5B'].flatMap(size => of(`Qwen/Qwen2.5-${size}-Instruct`, `onnx-community/Qwen2.5-${size}-Instruct`)),
  ...['0.6B', '1.7B', '4B'].flatMap(size => of(`Qwen/Qwen3-${size}`, `onnx-community/Qwen3-${size}-ONNX`)),
  ...['1B', '3B'].flatMap(size => {
    const name = `Llama-3.2-${size}-Instruct`;
    return of(`meta-llama/${name}`, `onnx-community/${name}`, `onnx-community/${name}-ONNX`);
  }),
]);
