// The table of `npm run bench`, in Markdown so that it can stand in the README as it is.
import type { Report } from './report';

const round = (value: number, digits: number): string => value.toFixed(digits);

/** Measured, what it is held against, and whether it holds. */
function line(what: string, measured: string, target: string, holds: boolean | null): string {
  return `| ${what} | ${measured} | ${target} | ${holds === null ? '–' : holds ? 'met' : 'missed'} |`;
}

const engineWords = (count: number): string => (count === 1 ? 'one engine' : `${count} engines`);

/** Seconds an iteration may take, by part; the lecture on Node has no target of its own. */
const iterationTargets: Record<string, number> = { node: 150, page: 360, 'page, lecture': 90 };

export function table({ date, machine, together, threads, engines, trainStep, page, loops }: Report): string {
  const lines = ['| measured | value | target | |', '|---|---|---|---|'];
  for (const [name, { decode, against, alone, parameters, card }] of Object.entries(engines)) {
    const held = name === 'node' || name === 'wasm';
    const who = `${name}${card ? ` (${card})` : ''}, ${round(parameters / 1e6, 1)} M`;
    lines.push(
      line(
        `${who}: decode step over the \`session.run\` inside it, ${decode.rows} rows`,
        `${round(decode.ratio, 2)}× (${round(decode.stepMs, 2)} / ${round(decode.runMs, 2)} ms)`,
        '≤ 1.15×',
        decode.ratio <= 1.15,
      ),
      line(
        `${who}: ${against.agents} agents × ${against.questions} questions over generate() one by one`,
        `${round(against.times, 1)}× (${round(against.ours.perSecond, 0)} / ${round(against.theirs.perSecond, 0)} tokens/s; ${engineWords(against.engines)}${against.engines > 1 ? `, one alone ${round(alone.times, 1)}×` : ''})`,
        held ? '≥ 6×' : 'reported',
        held ? against.times >= 6 : null,
      ),
    );
  }
  for (const [mode, { ours, theirs }] of Object.entries(trainStep?.modes ?? {})) {
    const { rows, length, torch, missing } = trainStep!;
    const what = `training step, ${mode}, ${rows} × ${length} tokens, over torch${torch ? ` ${torch}` : ''}`;
    if (theirs === null) lines.push(line(what, `${round(ours, 0)} ms; no torch here (${missing})`, '≤ 1.1×', null));
    else lines.push(line(what, `${round(ours / theirs, 2)}× (${round(ours, 0)} / ${round(theirs, 0)} ms)`, '≤ 1.1×', ours / theirs <= 1.1));
  }
  if (page)
    lines.push(
      line('page: first turn card of the recording', `${round(page.replayMs, 0)} ms`, '< 1000 ms', page.replayMs < 1000),
      line('page: script before it, gzipped', `${round(page.scriptBytes / 1024, 0)} KB`, '≤ 150 KB', page.scriptBytes <= 150 * 1024),
      line('page: click to first live word, wasm, nothing loaded', `${round(page.liveMs, 0)} ms`, '< 2000 ms', page.liveMs < 2000),
    );
  for (const [name, { questions, trained, debate, train, evaluate, measure, adopt, total }] of Object.entries(loops)) {
    const target = iterationTargets[name];
    const seconds = (value: number): string => `${round(value, 0)} s`;
    lines.push(
      line(
        `loop, ${name}: one iteration, ${questions.join(' + ')} questions, ${trained} trainings`,
        `${seconds(total)} (debate ${seconds(debate)}, training ${seconds(train)}, evaluation ${seconds(evaluate)}, NLL ${seconds(measure)}, rest ${seconds(adopt)})`,
        target === undefined ? 'reported' : `≤ ${target} s`,
        target === undefined ? null : total <= target,
      ),
    );
  }
  const shared =
    together === null
      ? ''
      : ` All processors at once do ${round(together, 1)}× the matrix products of one, which bounds what further engines add.`;
  return `${lines.join('\n')}\n\n${date}, ${machine}. Medians; onnxruntime threads on both sides: ${threads}.${shared}`;
}
