// `debate`: the page's debate without a page. The same rooms, the same events, a file instead of a database.
import { randomUUID } from 'node:crypto';
import { basename, join } from 'node:path';

import type { EngineInfo, RunEvent } from '../debate/events';
import { fold, foldAll, type RunStart } from '../debate/fold';
import { DebateHalted, runDebate } from '../debate/protocol';
import { allTurns } from '../debate/schedule';
import { app, timestamp } from './about';
import { debateHelp, debatePlan, type DebatePlan } from './debate-options';
import { CliError } from './errors';
import { openEngine } from './open-engine';
import { createProgress, duration } from './progress';
import { dropJournal, openRunJournal, writeRun } from './run-journal';
import { summary } from './summary';

const builtinDir = join('public', 'models', 'abacus');

function startOf(plan: DebatePlan, engine: EngineInfo): RunStart {
  const { config, questions, title } = plan;
  return {
    type: 'run-started',
    schema: 1,
    run: randomUUID(),
    at: timestamp(),
    title,
    app,
    config,
    engine,
    questions,
  };
}

/** A resumed run keeps its own settings; a command that asks for others is a mistake and is told so. */
function checkSame(plan: DebatePlan, stored: RunStart): void {
  const differs = Object.entries(plan.config).filter(
    ([key, value]) => JSON.stringify(value) !== JSON.stringify(stored.config[key as keyof typeof stored.config]),
  );
  const wanted = plan.questions.map(({ qid }) => qid).join();
  if (wanted !== stored.questions.map(({ qid }) => qid).join()) differs.unshift(['questions', null]);
  if (differs.length)
    throw new CliError(
      `the interrupted run in ${plan.out}.journal has other settings (${differs.map(([key]) => key).join(', ')}). Give the same options again.`,
      2,
    );
}

export async function debate(args: string[]): Promise<void> {
  const plan = debatePlan(args, builtinDir);
  if (!plan) return console.log(debateHelp);
  const journalPath = `${plan.out}.journal`;
  const journal = await openRunJournal(journalPath, plan.resume);
  const events: RunEvent[] = [...journal.events];
  const stored = foldAll(events);
  if (stored.start) checkSame(plan, stored.start);

  const engine = await openEngine(plan.modelDir, plan.config.base, plan.threads).catch(async (error: unknown) => {
    await journal.close();
    if (!events.length) await dropJournal(journalPath);
    throw error;
  });
  const control = new AbortController();
  const stop = (): void => control.abort(new CliError(`stopped. The turns so far are kept in ${journalPath}; add --resume to go on.`, 130));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    let state = stored;
    const append = async (event: RunEvent): Promise<void> => {
      await journal.append(event);
      events.push(event);
      state = fold(state, event);
    };
    if (stored.start) {
      if (stored.start.engine.modelHash !== engine.facts.modelHash)
        throw new CliError(`the interrupted run used other weights than ${plan.modelDir} now holds; its turns would not belong together.`);
      await append({
        type: 'note',
        at: timestamp(),
        note: 'resumed',
        text: `${stored.ledger.calls} turns were stored.`,
        engine: engine.facts,
      });
    }
    const total = allTurns(plan.config).length * plan.questions.length;
    const progress = createProgress(total, state.ledger, () => performance.now());
    const begun = performance.now();
    const end = await runDebate({
      start: stored.start ?? startOf(plan, engine.facts),
      state,
      generate: (rows, on, signal) => engine.generate(rows, on, signal),
      append,
      emit: event => {
        if (event.type === 'turn' || event.type === 'decided') progress.show(state);
      },
      now: timestamp,
      width: plan.width,
      signal: control.signal,
    });
    progress.end();
    await writeRun(plan.out, events);
    await dropJournal(journalPath);
    console.log(`${plan.title} · ${basename(plan.modelDir)} (${engine.facts.dtype}, ${engine.facts.device})\n`);
    console.log(summary(end));
    console.log(`Written to ${plan.out} in ${duration((performance.now() - begun) / 1000)}; open it in the page to watch it.`);
  } catch (error) {
    if (error instanceof DebateHalted)
      throw new CliError(
        `${error.message}${error.fault.hint ? ` ${error.fault.hint}` : ''} The turns so far are kept in ${journalPath}; --resume goes on.`,
      );
    throw error;
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
    await journal.close();
    await engine.dispose();
  }
}
