// Writes `selfcheck.json` beside a model's weights: what it says to fixed prompts, computed once where it is known to be right.
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';

import { assembleParts } from './assemble';
import { chooseFiles } from './choose-files';
import type { EngineMessage } from './engine';
import { folderOnDisk } from './engine-node';
import { readGraph } from './read-graph';
import { nodeRuntime } from './runtime-node';
import { recordReferences, REFERENCE_FILE, type ReferenceFile } from './self-check-reference';

/** One thread and full precision: the reference. The old file, if there is one, is not compared with: it may be of other weights. */
export async function recordSelfCheck(dir: string, prompts: readonly EngineMessage[][]): Promise<ReferenceFile> {
  const disk = folderOnDisk(dir);
  const folder = { ...disk, read: (path: string) => (path === REFERENCE_FILE ? Promise.resolve(null) : disk.read(path)) };
  const signal = new AbortController().signal;
  const chosen = await chooseFiles(folder, { device: 'cpu', halves: false }, 'fp32', signal);
  const parts = await assembleParts(
    {
      base: { kind: 'builtin', id: basename(dir) },
      dtype: 'fp32',
      runtime: nodeRuntime({ threads: 1 }),
      folder,
      graph: await readGraph(folder, chosen, signal),
      now: () => 0,
      breathe: async () => undefined,
    },
    signal,
  );
  try {
    const { tokenizer } = parts.config;
    const rendered = prompts.map(messages => tokenizer.render(messages));
    const file = await recordReferences(
      parts.model,
      'fp32',
      rendered.map(text => ({ text, tokens: tokenizer.encode(text) })),
    );
    await writeFile(join(dir, REFERENCE_FILE), `${JSON.stringify(file, null, 1)}\n`);
    return file;
  } finally {
    await parts.dispose();
  }
}
