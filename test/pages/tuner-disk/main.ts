// The laws of the endpoint's disks, checked inside a page on the browser's database.
import { openIdbDisk } from '../../../src/tuner/disk-idb';
import { brokenLaws } from '../../../src/tuner/fixtures/disk-laws';

const laws = async (name: string): Promise<string[]> =>
  brokenLaws(await openIdbDisk(name), async disk => {
    await disk.close();
    return openIdbDisk(name);
  });

/** The wall between a folder and a file of the same beginning, with names at the edges of the alphabet. */
const neighbours = async (name: string): Promise<string[]> => {
  const disk = await openIdbDisk(name);
  for (const path of [['a'], ['a', 'x'], ['a-'], ['a0'], ['a.'], ['A'], ['a', 'x', '0']]) await disk.write(path, new Uint8Array(1));
  await disk.remove(['a']);
  const left = await Promise.all(
    [['a'], ['a', 'x'], ['a-'], ['a0'], ['a.'], ['A'], ['a', 'x', '0']].map(async path => [path.join('/'), await disk.read(path)]),
  );
  await disk.close();
  return left.flatMap(([path, bytes]) => (bytes === null ? [] : [path as string]));
};

declare global {
  interface Window {
    disk: { laws: typeof laws; neighbours: typeof neighbours };
  }
}
window.disk = { laws, neighbours };
