import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

import { listFiles } from './plugin';

test('a first visit fetches the page and its recorded loops, not the evidence behind them', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'polylogue-offline-'));
  try {
    const small = ['index.html', 'runs/featured.run.json', 'runs/gentle/loop.json', 'assets/inter-latin-wght.woff2'];
    const later = [
      ...['models/abacus/config.json', 'assets/inter-greek-wght.woff2', 'runs/gentle/runs/1-it0-evaluate.run.json.gz'],
      ...['runs/gentle/sets/2.json.gz', 'runs/gentle-union/loop.json'],
    ];
    for (const path of [...small, ...later, 'sw.js', 'endpoint.json', 'index.js.map']) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), path);
    }
    writeFileSync(join(folder, 'large.wasm'), new Uint8Array(1_000_001));
    const { now, used } = await listFiles(folder);
    expect(Object.keys(now).sort()).toEqual(small.sort());
    expect(Object.keys(used).sort()).toEqual([...later, 'large.wasm'].sort());
  } finally {
    rmSync(folder, { recursive: true });
  }
});
