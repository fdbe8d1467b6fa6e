// What a file is that somebody dropped on the page, judged by its first bytes: a name may say anything.

/** 'record' = a run or a loop, also gzipped; 'rows' = training rows or sets, also zipped; 'weights' = a zip of adapters. */
export type DroppedKind = 'record' | 'rows' | 'weights' | 'foreign';

/** Bytes that are enough to tell. */
export const headBytes = 512;

const begins = (head: Uint8Array, ...bytes: number[]): boolean => bytes.every((byte, i) => head[i] === byte);

/** An archive of rows begins with an agent's own file; one of weights with a folder. Offsets of the name are those of a zip's local header. */
function holdsRows(head: Uint8Array): boolean {
  const length = (head[26] ?? 0) | ((head[27] ?? 0) << 8);
  return /^(?:openai\/)?(?:generator|critic)_\d+[./]/.test(new TextDecoder().decode(head.slice(30, 30 + length)));
}

export function droppedKind(name: string, head: Uint8Array): DroppedKind {
  if (begins(head, 0x1f, 0x8b)) return 'record';
  if (begins(head, 0x50, 0x4b)) return holdsRows(head) ? 'rows' : 'weights';
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
  return `${name} is no run, loop or training set. Those are .run.json, .loop.json.gz and .jsonl files.`;
}
