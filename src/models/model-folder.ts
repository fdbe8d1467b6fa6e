// The files of a model, wherever they lie: a folder on disk, a path of this site, a hub, files a user picked.
import { EngineError } from './fault';

export interface FileFacts {
  bytes: number;
  /** No network is needed to read it. */
  cached: boolean;
}

export interface ReadOptions {
  signal?: AbortSignal | undefined;
  /** Bytes so far of the file being read, and of the whole file where its length is known. */
  onBytes?(done: number, total: number): void;
}

export interface ModelFolder {
  /** @returns null when there is no such file */
  find(path: string, signal?: AbortSignal): Promise<FileFacts | null>;
  /** @returns null when there is no such file */
  read(path: string, options?: ReadOptions): Promise<Uint8Array | null>;
}

export async function readJson(folder: ModelFolder, path: string, signal?: AbortSignal): Promise<Record<string, unknown> | null> {
  const bytes = await folder.read(path, { signal });
  if (!bytes) return null;
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
  } catch (error) {
    throw new EngineError('bad-model', `${path} of this model is not JSON.`, undefined, error);
  }
}

export async function needJson(folder: ModelFolder, path: string, signal?: AbortSignal): Promise<Record<string, unknown>> {
  const value = await readJson(folder, path, signal);
  if (!value)
    throw new EngineError(
      'bad-model',
      `This model has no ${path}.`,
      'A model folder needs config.json, tokenizer.json and onnx/model.onnx.',
    );
  return value;
}
