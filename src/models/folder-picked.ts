// A folder the user picked: its files, by their path below the folder that holds config.json.
import { EngineError } from './fault';
import type { ModelFolder } from './model-folder';

const pathOf = (file: File): string => file.webkitRelativePath || file.name;

/** @throws EngineError `bad-model` when there is no config.json among the files */
export function pickedFolder(files: readonly File[]): ModelFolder {
  // The shallowest one: checkpoints inside the folder may have their own.
  const configs = files.map(pathOf).filter(path => /(^|\/)config\.json$/.test(path));
  const config = configs.sort((a, b) => a.split('/').length - b.split('/').length)[0];
  if (config === undefined)
    throw new EngineError(
      'bad-model',
      'There is no config.json in this folder.',
      'Pick the folder that holds config.json, tokenizer.json and onnx/.',
    );
  const root = config.slice(0, -'config.json'.length);
  const byPath = new Map(files.map(file => [pathOf(file), file]));
  // Some exports keep the graph beside config.json instead of under onnx/.
  const file = (path: string): File | undefined => byPath.get(root + path) ?? byPath.get(root + path.replace(/^onnx\//, ''));
  return {
    async find(path) {
      const own = file(path);
      return own ? { bytes: own.size, cached: true } : null;
    },
    async read(path, { signal, onBytes } = {}) {
      const own = file(path);
      if (!own) return null;
      const bytes = new Uint8Array(await own.arrayBuffer());
      signal?.throwIfAborted();
      onBytes?.(bytes.length, bytes.length);
      return bytes;
    },
  };
}
