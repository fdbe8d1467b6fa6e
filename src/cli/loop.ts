// `loop`: the page's closed loop without a page. The same rooms, the same events, a folder instead of a database.
import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

import { foldAll } from '../debate/fold';
import { DebateHalted } from '../debate/protocol';
import { foldLoopAll, type LoopStart } from '../experiment/fold';
import { LoopHalted, runLoop } from '../experiment/loop';
import { evalQuestions, trainQuestions } from '../experiment/questions';
import { isShared, societyOf } from '../experiment/society';
import type { LoopConfig, LoopEvent } from '../experiment/records';
import type { Engine } from '../models/engine';
import { app, timestamp } from './about';
import { CliError } from './errors';
import { openEngine } from './open-engine';
import { byHandEndpoint } from './loop-by-hand';
import { openEndpoint } from './loop-endpoint';
import { openLoopFolder, type LoopFolder } from './loop-folder';
import { loopCommand, loopHelp, type LoopCommand } from './loop-options';
import { nodePorts, type LoopEndpoint } from './loop-ports';
import { createLoopProgress } from './loop-progress';
import { pairedTable } from './loop-paired';
import { loopTable } from './loop-table';
import { duration } from './progress';

const builtinDir = join('public', 'models', 'abacus');

function startOf({ title, byHand }: LoopCommand, config: LoopConfig, engine: Engine): LoopStart {
  const evaluate = evalQuestions(config);
  const count = config.debate.seats.length;
  const society = isShared(config) ? `control ${societyOf(config)}, ${count} agents` : `${count} + ${count} agents`;
  return {
    type: 'loop-started',
    schema: 1,
    loop: randomUUID(),
    at: timestamp(),
    title: title ?? `${config.preset[0]!.toUpperCase()}${config.preset.slice(1)} loop, ${society}, seed ${config.seed}`,
    app,
    config,
    engine: engine.facts,
    endpoint: { kind: byHand ? 'export' : 'process', origin: '' },
    train: trainQuestions(config, evaluate, 1),
    evaluate,
  };
}

/** Closes in reverse what was opened, whatever happened in between. */
async function withOpen<T>(use: (opened: <O extends object>(thing: O, close: (thing: O) => Promise<void>) => O) => Promise<T>): Promise<T> {
  const closers: (() => Promise<void>)[] = [];
  try {
    return await use((thing, close) => {
      closers.unshift(() => close(thing));
      return thing;
    });
  } finally {
    for (const close of closers) await close();
  }
}

export async function loop(args: string[]): Promise<void> {
  const command = loopCommand(args, builtinDir);
  if (!command) return console.log(loopHelp);
  await withOpen(async opened => {
    const slots = command.threads ?? availableParallelism();
    const folder = opened(await openLoopFolder(command.out, { resume: command.config === null, lean: command.lean }), open => open.close());
    // Before anything is written: its lock keeps a second process out of this folder.
    const trainer = opened(await openEndpoint({ data: join(command.out, 'tuner'), modelDir: command.modelDir, slots }), open =>
      open.close(),
    );
    const stored = foldLoopAll(folder.events);
    const config = stored.start?.config ?? command.config;
    if (!config) throw new CliError(`the loop in ${command.out} was cut off before it began: delete the folder and start anew.`);
    const engine = opened(await openEngine(command.modelDir, config.debate.base, command.threads), open => open.dispose());
    const start = stored.start ?? startOf(command, config, engine);
    if (start.engine.modelHash !== engine.facts.modelHash)
      throw new CliError(
        `the loop in ${command.out} began with other weights than ${command.modelDir} now holds; they would not belong together.`,
      );
    const { out, anyBase } = command;
    const endpoint = command.byHand ? byHandEndpoint({ out, engine, anyBase, log: line => console.error(line) }) : trainer;
    await drive(command, { folder, endpoint, engine, start });
  });
}

interface Parts {
  folder: LoopFolder;
  endpoint: LoopEndpoint;
  engine: Engine;
  start: LoopStart;
}

async function drive(
  { out, width, iterations, onFailure, anyBase }: LoopCommand,
  { folder, endpoint, engine, start }: Parts,
): Promise<void> {
  const { config } = start;
  const events: LoopEvent[] = [...folder.events];
  const control = new AbortController();
  const stop = (): void => control.abort(new CliError(`stopped. What was done is kept in ${out}; --resume goes on.`, 130));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const progress = createLoopProgress(config, () => performance.now());
  const begun = performance.now();
  const ports = nodePorts({
    folder,
    engine,
    endpoint,
    width,
    anyBase,
    onStored: event => events.push(event),
    onLive: event => progress.show(event),
  });
  try {
    const further = { ...(iterations && { iterations }), ...(onFailure && { onFailure }) };
    const state = await runLoop({ start, state: foldLoopAll(events), ports, signal: control.signal, ...further });
    progress.end();
    await folder.publish(events, true);
    const spoken = await folder.publishWeights(events);
    console.log(`${start.title} · ${config.debate.base.id}, ${config.debate.task} ${config.debate.difficulty}\n`);
    console.log(loopTable(state));
    const measured = state.iterations.filter(it => it.measured);
    const runs = await Promise.all([measured[0], measured.at(-1)].map(it => folder.readRun(it!.measured!.run)));
    const last = measured.length - 1;
    if (last > 0) console.log(`\n${pairedTable(foldAll(runs[0]!), foldAll(runs[1]!), last, config.seed)}`);
    console.log(
      `\nWritten to ${out} in ${duration((performance.now() - begun) / 1000)}; open all.loop.json.gz in the page to look at it${spoken ? ', and import weights.zip there to talk to its agents' : ''}.`,
    );
  } catch (error) {
    progress.end();
    if (events.length) await folder.publish(events, false);
    if (!(error instanceof LoopHalted || error instanceof DebateHalted)) throw error;
    const anyway = error instanceof LoopHalted && error.strangers.length ? ', with --any-base uses them all the same' : '';
    throw new CliError(
      `${error.message}. What was done is kept in ${out}; --resume tries again${anyway}, and with --keep-going goes on without what failed.`,
    );
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}
