import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';

import { hashGraph } from './hash';

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const graph = bytes(1, 2, 3);
const beside = (...data: number[]) => hashGraph({ graph, external: [{ path: 'model.onnx_data', data: bytes(...data) }] });

describe('the hash of a model', () => {
  it('is that of its graph when there is nothing else: runs name their model by it', async () => {
    expect(await hashGraph({ graph, external: [] })).toBe(createHash('sha256').update(graph).digest('hex'));
  });

  it('differs when weights beside the graph differ', async () => {
    const hashes = [await beside(1), await beside(2), await beside(1, 2), await hashGraph({ graph, external: [] })];
    expect(new Set(hashes).size).toBe(4);
    expect(await beside(1)).toBe(hashes[0]);
  });
});
