// Brings the large files of a model into memory, with one count of bytes over all of them.
import type { ChosenFiles, NamedFile } from './choose-files';
import { EngineError } from './fault';
import type { GraphFiles } from './load-graph';
import type { ModelFolder } from './model-folder';

export async function readGraph(
  folder: ModelFolder,
  { graph, external }: ChosenFiles,
  signal: AbortSignal,
  onBytes: (done: number, total: number) => void = () => undefined,
): Promise<GraphFiles> {
  const files = [graph, ...external];
  const total = files.reduce((sum, file) => sum + file.bytes, 0);
  let before = 0;
  const read = async (file: NamedFile): Promise<Uint8Array> => {
    const bytes = await folder.read(file.name, { signal, onBytes: done => onBytes(before + done, total) });
    if (!bytes) throw new EngineError('bad-model', `${file.name} of this model has gone.`);
    before += bytes.length;
    return bytes;
  };
  onBytes(0, total);
  const bytes: Uint8Array[] = [];
  // One after the other: several at once would each take longer, and an abort would lose all of them.
  for (const file of files) bytes.push(await read(file));
  return { graph: bytes[0]!, external: external.map((file, i) => ({ path: file.name.replace(/^.*\//, ''), data: bytes[i + 1]! })) };
}
