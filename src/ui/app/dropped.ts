// What a file is that somebody dropped on the page, judged by its first bytes: a name may say anything.

/**
 * 'record' = a run or a loop, also gzipped; 'rows' = training rows or sets, also zipped; 'backup' = everything of a record, zipped;
 * 'weights' = a zip of adapters.
 */
export type DroppedKind = 'record' | 'rows' | 'backup' | 'weights' | 'foreign';

/** Bytes that are enough to tell. */
export const headBytes = 512;

const begins = (head: Uint8Array, ...bytes: number[]): boolean => bytes.every((byte, i) => head[i] === byte);

/** An archive is told by its first file: rows begin with an agent's own, a backup with a part of the record, weights with a folder. */
function archiveKind(head: Uint8Array): DroppedKind {
  // Offsets of the name are those of a zip's local header.
  const length = (head[26] ?? 0) | ((head[27] ?? 0) << 8);
  const first = new TextDecoder().decode(head.slice(30, 30 + length));
  if (/^(?:openai\/)?(?:generator|critic)_\d+[./]/.test(first)) return 'rows';
  return /^(?:polylogue\.json|(?:runs|loops|sets|unreadable)\/\d+\.jsonl?)$/.test(first) ? 'backup' : 'weights';
}

export function droppedKind(name: string, head: Uint8Array): DroppedKind {
  if (begins(head, 0x1f, 0x8b)) return 'record';
  if (begins(head, 0x50, 0x4b)) return archiveKind(head);
  if (head.includes(0)) return 'foreign';
  const text = new TextDecoder()
    .decode(head)
    .replace(/^\ufeff/, '')
    .trimStart();
  if (/^\{\s*"polylogue"\s*:\s*"sets"/.test(text)) return 'rows';
  if (/"polylogue"\s*:\s*"(run|loop)"/.test(text)) return 'record';
  if (/^\{/.test(text) || (/^\[/.test(text) && /\.jsonl?$/i.test(name))) return 'rows';
  return 'foreign';
}

/** Why a file was not taken, and what would be. */
export function refusal(name: string, kind: 'weights' | 'foreign'): string {
  if (kind === 'weights') return `${name} holds weights. Open the loop they belong to; it takes them.`;
  return `${name} is no run, loop, training set or backup. Those are .run.json, .loop.json.gz, .jsonl and .zip files.`;
}
