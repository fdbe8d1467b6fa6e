// From a preset and what was typed over it to the loop that will be run.
import { spokenWith } from '../../debate/defaults';
import type { ModelRef } from '../../debate/config';
import { tooLarge } from '../../debate/limits';
import { fewUpdates, updatesOf } from '../../datasets/updates';
import { presets } from '../../experiment/presets';
import type { LoopConfig } from '../../experiment/records';
import { readFields } from './field';
import { fields } from './fields';
import { trainContradictions } from './train-fields';

/** A preset for the chosen model: prompts and lengths are those the model needs. */
export function presetFor(id: string, base: ModelRef): LoopConfig {
  const { config } = presets.find(preset => preset.id === id) ?? presets[0]!;
  if (JSON.stringify(base) === JSON.stringify(config.debate.base)) return config;
  return { ...config, debate: { ...config.debate, ...spokenWith(base) } };
}

/** Texts of edited fields by key; a field that is not in here stands at the preset's value. */
export type LoopDraft = Readonly<Record<string, string>>;

export interface LoopReading {
  config: LoopConfig;
  problems: ReadonlyMap<string, string>;
}

/** What changes how the loop works, and not only how long it runs or what is drawn, makes it the reader's own. */
const named: ReadonlySet<string> = new Set([
  ...['iterations', 'trainQuestions', 'evalQuestions', 'seed', 'nllQuestions', 'validationRows', 'society', 'onFailure'],
]);

/** Rules between settings, by the field that should be changed. */
function between({ debate, trainQuestions, evalQuestions, training }: LoopConfig): [string, string][] {
  const found = (['generator', 'critic'] as const).flatMap(role =>
    trainContradictions(training[role]).map(([own, problem]): [string, string] => {
      const key = `${role}-${own}`;
      return [key, `${fields.find(field => field.key === key)!.label}: ${problem}`];
    }),
  );
  const { minVotes, seats } = debate;
  if (minVotes !== null && minVotes > seats.length)
    found.push(['minVotes', `Votes for a label: ${minVotes} votes cannot come from ${seats.length} agents.`]);
  // Each debate of a loop is kept as a run, which has to be opened again.
  for (const [key, questions] of Object.entries({ trainQuestions, evalQuestions })) {
    const large = tooLarge(debate, questions);
    if (large) found.push([key, large]);
  }
  return found;
}

export function readLoopDraft(preset: LoopConfig, draft: LoopDraft): LoopReading {
  const { value: config, problems } = readFields(fields, preset, draft, (changed, { key }) =>
    named.has(key) ? changed : { ...changed, preset: 'custom' },
  );
  for (const [key, problem] of between(config)) if (!problems.has(key)) problems.set(key, problem);
  return { config, problems };
}

/**
 * Before anything has been debated: an agent gets one row of a question at most, so its training cannot be longer than this.
 * @returns null where that is long enough
 */
export function scarceBefore({ training, trainQuestions }: LoopConfig): string | null {
  const most = (['generator', 'critic'] as const)
    .map(role => ({ role, updates: updatesOf(trainQuestions, training[role]) }))
    .filter(({ updates }) => updates < fewUpdates);
  if (!most.length) return null;
  const each = most.map(({ role, updates }) => `${role}s ${updates}`).join(', ');
  return `At most so many updates of the weights, hardly enough to change an agent: ${each}. More questions, more passes or fewer rows per update give more.`;
}
