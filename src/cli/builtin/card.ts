// The model card: what was measured, on what, and how the model came to be. Written from numbers only, never by hand.
import { styleNames, styles } from '../../tasks/arithmetic/styles';
import { ranges } from '../../tasks/arithmetic/problem';
import { config, modelName, parameters } from './config';
import type { Count, Evaluation } from './evaluate';
import { percent } from './interval';
import { peak, recipeSeed, stages, warmUp } from './recipe';

/** One line of the training log, as `train-builtin` writes it. */
export type LogLine = { event: string; stage?: string; step?: number; tokens?: number; minutes?: number } & Record<string, unknown>;

export interface CardInput {
  date: string;
  engine: string;
  /** What makes this card again. */
  command: string;
  seed: number;
  evaluations: readonly Evaluation[];
  log: readonly LogLine[];
  files: readonly (readonly [name: string, bytes: number])[];
}

const cell = ({ hits, n }: Count): string => (n ? `${percent(hits, n)} (${n})` : '–');
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map(row => `| ${row.join(' | ')} |`).join('\n');

const roles: readonly (readonly [string, (e: Evaluation) => Count])[] = [
  ['one generator', e => e.generator],
  ['one generator, greedy', e => e.greedy],
  ['majority of 3', e => e.majority3],
  ['majority of 9', e => e.majority9],
  ['one critic, reading a summary', e => e.criticSummary],
  ['one critic, reading the solutions', e => e.criticConcat],
  ['one critic, reading only its own answer', e => e.criticAlone],
  ['debate, 3 agents, 2 rounds, summaries', e => e.debateSummary],
  ['debate, 3 agents, 2 rounds, solutions', e => e.debateConcat],
  ['debate, 3 agents, 3 rounds, summaries', e => e.debateSummary3],
];

function trainingLog(log: readonly LogLine[]): string {
  const losses = log.filter(line => line.event === 'loss' && (line.step ?? 0) % 1000 === 0);
  const probes = log.filter(line => line.event === 'probe');
  const value = (x: unknown): string => (typeof x === 'number' ? x.toFixed(3) : '');
  const at = (line: LogLine): LogLine | undefined => probes.find(p => p.stage === line.stage && p.step === line.step);
  return table(
    ['stage', 'step', 'M tokens', 'minutes', 'loss solve', 'revise', 'summarise', 'facts', 'generator', 'critic', 'summary exact'],
    losses.map(line => {
      const p = at(line);
      return [
        `${line.stage}`,
        `${line.step}`,
        ((line.tokens ?? 0) / 1e6).toFixed(1),
        `${line.minutes}`,
        ...['solve', 'revise', 'summarise', 'drill'].map(kind => value(line[kind])),
        ...['generator', 'criticSummary', 'summaryExact'].map(key => value(p?.[key])),
      ];
    }),
  );
}

export function modelCard({ date, engine, command, seed, evaluations, log, files }: CardInput): string {
  const main = evaluations[0]!;
  const total = files.reduce((sum, [, bytes]) => sum + bytes, 0);
  const styleTotal = Object.values(main.styles).reduce((sum, c) => sum + c.n, 0);
  const end = log.findLast(line => line.event === 'stage');
  return `# ${modelName}

A Llama-architecture decoder of ${(parameters(config) / 1e6).toFixed(2)} M parameters that works out \`a+b*c+d-e*f\`, summarises what others worked out, and revises its own answer. It is the built-in base model of Polylogue's societies: small enough to start in seconds, real enough to be wrong in its own ways.

**The base imitates imperfect authors by design.** Its solutions were learnt from texts that slip now and then and carry the error on, so that voting, debate and finetuning have something to mend. Its revisions were learnt from far more careful ones. It states no verdicts about other agents. It can do nothing else: any other question gets arithmetic-shaped nonsense.

- ${config.layers} layers, width ${config.hidden}, ${config.heads} heads, feed-forward ${config.ff}, vocabulary ${config.vocab} (words of its world, single digits, printable ASCII), context ${config.maxPositions}, RMSNorm, rotary positions, SwiGLU, untied head.
- Files, ${(total / 1e6).toFixed(2)} MB in all: ${files.map(([name, bytes]) => `${name} (${(bytes / 1e3).toFixed(0)} kB)`).join(', ')}. Weights are halves; the graph casts them to float32.
- Evaluated ${date} through ${engine}: \`${command}\`, draws under seed ${seed}. One problem in ten, by a hash of the problem, is held out of all training; every figure here is on held-out problems.

## Accuracy by role and difficulty

Temperature 1, no truncation; summaries greedy. Share right with Wilson 95 % interval and (n); samples of one question are counted as independent. Ties go to the earliest answer.

${table(
  ['', ...evaluations.map(e => `${e.difficulty}: ${ranges[e.difficulty].label.replace('operands ', '')}`)],
  roles.map(([name, of]) => [name, ...evaluations.map(e => cell(of(e)))]),
)}

A majority of 3 costs 3 calls a question; two rounds of debate cost 9 with summaries and 6 with solutions, so the fair rival of a debate with summaries is the majority of 9. What critics gain over generators they gain mostly because their texts were learnt with fewer slips: see below how little their accuracy depends on what they read. Nothing here shows that debate as such makes this model better.

Questions: ${evaluations.map(e => `${e.difficulty} ${e.questions}`).join(', ')}.

## Diversity (${main.difficulty})

${main.distinctStyles.toFixed(2)} distinct styles in three samples. Unparsed: ${cell(main.unparsed)}.

${table(
  ['style', 'way', 'share', 'right'],
  [...styles, 'none' as const]
    .filter(style => main.styles[style])
    .map(style => {
      const found = main.styles[style]!;
      const share = ((100 * found.n) / styleTotal).toFixed(1);
      return [style, style === 'none' ? 'not recognised' : styleNames[style], `${share} %`, cell(found)];
    }),
)}

## Summaries (of two solutions, greedy)

Where a shared step differs, the summary should quote it; that part is its weakest, and a quoted step may be wrong.

${table(
  ['', ...evaluations.map(e => e.difficulty)],
  [
    ['names every answer and its holder', ...evaluations.map(e => cell(e.summaryNames))],
    ['exact, with the first differing step', ...evaluations.map(e => cell(e.summaryExact))],
    ['exact where a shared step differs', ...evaluations.map(e => cell(e.summaryDispute))],
  ],
)}

## Does the critic read? (${main.difficulty}, summaries)

${table(
  ['of the three first answers right', ...main.criticByRight.map((_, k) => `${k}`)],
  [['critic right', ...main.criticByRight.map(cell)]],
)}

A critic that reads would do better the more of the answers were right; one that works everything out anew gives a flat row.

Wrong first answers mended: ${cell(main.mended)}. Right ones spoilt: ${cell(main.spoilt)}.

Verdicts about peers: it states none.

## Training

\`npm run train:builtin\`: onnxruntime-node runs the emitted training step, seed \`${recipeSeed}\`, fixed step counts. Muon (peak ${peak.muon}) for hidden matrices, AdamW (peak ${peak.adamw}) for the rest, ${warmUp} warm-up steps, batches of one kind and like length.${end ? ` ${((end.tokens ?? 0) / 1e6).toFixed(1)} M tokens in ${end.minutes} minutes of steps on two shared cores.` : ''}

${table(
  ['stage', 'steps', 'batches at start', 'batches at end', 'rate at start, end', 'slips per step: solver, shown, critic'],
  stages.map(stage => {
    const mix = (done: number): string => {
      const all = stage.mix(done).reduce((sum, [, weight]) => sum + weight, 0);
      return stage
        .mix(done)
        .map(([kind, weight]) => `${kind} ${Math.round((100 * weight) / all)} %`)
        .join(', ');
    };
    const { slipRate, shownSlipRates, criticSlipRate } = stage.corpus;
    return [
      stage.name,
      `${stage.steps}`,
      mix(0),
      mix(1),
      `${stage.rate(0)}, ${stage.rate(1).toFixed(2)}`,
      `${slipRate}, one of ${shownSlipRates.join('/')}, ${criticSlipRate}`,
    ];
  }),
)}

${trainingLog(log)}
`;
}
