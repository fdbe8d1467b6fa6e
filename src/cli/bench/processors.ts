// What the processors of this machine do together. Two of them may be threads of one core: then two engines share its arithmetic, and no
// program that is bound by arithmetic gains from the second.
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

import { GraphBuilder } from '../../onnx/graph';
import { DataType, encodeModel } from '../../onnx/proto';
import { median } from '../../models/bench/median';

/** A product that fits a core's own cache. */
const SIDE = 192;

function product(): Uint8Array {
  const g = new GraphBuilder();
  const [a, b] = ['a', 'b'].map(name => g.input(name, DataType.float, [SIDE, SIDE])) as [string, string];
  g.output('c', g.node('MatMul', [a, b]), DataType.float, [SIDE, SIDE]);
  return encodeModel(g.build('product'));
}

/** Plain CommonJS: a thread does not read TypeScript by itself. */
const THREAD = `
const { parentPort, workerData: { ort, model, side, ms } } = require('node:worker_threads');
const { InferenceSession, Tensor } = require(ort);
(async () => {
  const session = await InferenceSession.create(model, { intraOpNumThreads: 1 });
  const tensor = () => new Tensor('float32', new Float32Array(side * side).fill(0.5), [side, side]);
  const feeds = { a: tensor(), b: tensor() };
  const runs = async time => {
    let count = 0;
    for (const end = performance.now() + time; performance.now() < end; count++) await session.run(feeds);
    return count;
  };
  await runs(ms / 4);
  parentPort.once('message', async () => parentPort.postMessage(await runs(ms)));
  parentPort.postMessage('ready');
})();
`;

/** Products per thread, with so many at it at the same time. */
async function pace(threads: number, model: Uint8Array, ms: number): Promise<number> {
  const ort = createRequire(import.meta.url).resolve('onnxruntime-node');
  const workers = Array.from({ length: threads }, () => new Worker(THREAD, { eval: true, workerData: { ort, model, side: SIDE, ms } }));
  const answer = (worker: Worker): Promise<unknown> =>
    new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  try {
    await Promise.all(workers.map(answer));
    const counts = workers.map(answer);
    workers.forEach(worker => worker.postMessage('go'));
    return ((await Promise.all(counts)) as number[]).reduce((a, b) => a + b, 0) / threads;
  } finally {
    await Promise.all(workers.map(worker => worker.terminate()));
  }
}

/** Arithmetic of all processors together over that of one: their number at best, 1 where they are threads of one core. */
export async function togetherOverOne(rounds: number, ms = 400): Promise<number> {
  const processors = availableParallelism();
  const model = product();
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round++) ratios.push((processors * (await pace(processors, model, ms))) / (await pace(1, model, ms)));
  return median(ratios);
}
