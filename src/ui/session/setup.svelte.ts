// What the next run will be: its settings and its question. Survives every change of screen; nothing typed is ever dropped.
import type { ModelRef } from '../../debate/config';
import { builtinModel, defaultConfig } from '../../debate/defaults';
import { limits } from '../../debate/limits';
import { settings } from '../../debate/settings';
import type { Equality, Question } from '../../tasks/question';
import { ownQuestion, taskById } from '../../tasks/tasks';
import { draftOf, fieldText, readDraft, type Draft, type Read } from './form';
import { presetOf, type Preset } from './presets';
import type { RunConfig } from '../../debate/config';

export type QuestionSource = 'dataset' | 'own';

const message = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export class Setup {
  #base = $state.raw<ModelRef>(builtinModel);
  draft = $state.raw<Draft>({});
  source = $state<QuestionSource>('dataset');
  difficulty = $state(defaultConfig().difficulty);
  /** Which list of questions, as typed; the same number gives the same list everywhere. */
  listText = $state('1');
  /** Questions of a batch, as typed. */
  batchSize = $state('50');
  /** Place in that list, from 0. */
  index = $state(0);
  ownText = $state('');
  ownTruth = $state('');
  ownEquality = $state<Equality>(taskById('own').equality);
  #shown = $state.raw<Question | null>(null);

  readonly listSeed = $derived(/^\d{1,9}$/.test(this.listText.trim()) ? Number(this.listText) : 1);
  readonly defaults = $derived(defaultConfig(this.#base));
  readonly #reading = $derived(readDraft(settings, this.defaults, this.draft));
  readonly problems = $derived(this.#reading.problems);

  /** The question that is chosen, or why there is none. */
  readonly question: Read<Question> = $derived.by(() => {
    try {
      if (this.source === 'own') return { ok: true, value: ownQuestion(this.ownText, this.ownTruth || null, this.ownEquality) };
      return { ok: true, value: this.#shown ?? this.questions(this.index + 1)[this.index]! };
    } catch (error) {
      return { ok: false, problem: message(error) };
    }
  });

  /** Null while a field has a problem. */
  readonly config: RunConfig | null = $derived.by(() => {
    if (this.problems.size > 0) return null;
    const { config } = this.#reading;
    if (this.source === 'own') return { ...config, base: this.#base, task: 'own', difficulty: '', equality: this.ownEquality };
    return { ...config, base: this.#base, difficulty: this.difficulty };
  });

  /** True until somebody changed something: only then may a recording fill the form in. */
  get untouched(): boolean {
    return (
      Object.keys(this.draft).length === 0 && this.source === 'dataset' && this.index === 0 && this.listText === '1' && this.ownText === ''
    );
  }

  /** A batch always asks the questions of a list, whatever stands in the field for an own one. */
  readonly batchConfig: RunConfig | null = $derived(
    this.problems.size > 0 ? null : { ...this.#reading.config, base: this.#base, difficulty: this.difficulty },
  );

  get difficultyLabel(): string {
    return taskById('arithmetic').difficulties.find(({ id }) => id === this.difficulty)?.label ?? this.difficulty;
  }

  get base(): ModelRef {
    return this.#base;
  }

  /** Another model has other defaults; what was edited stays as it is. */
  setBase(base: ModelRef): void {
    this.#base = base;
  }

  /** Whether a field stands at something else than its default. */
  isChanged(key: string): boolean {
    const text = this.draft[key];
    const setting = settings.find(one => one.key === key);
    return text !== undefined && setting !== undefined && text !== fieldText(setting, this.defaults);
  }

  set(key: string, text: string): void {
    this.draft = { ...this.draft, [key]: text };
  }

  reset(): void {
    this.draft = {};
  }

  /** The preset that the form stands at; null = something of its own, or a field has a problem. */
  readonly preset: Preset | null = $derived(
    this.problems.size > 0 ? null : presetOf(this.#reading.config, this.defaults, this.source === 'own' ? '' : this.difficulty),
  );

  choosePreset(preset: Preset): void {
    this.draft = preset.draft(this.defaults);
    if (preset.difficulty !== undefined && preset.difficulty !== this.difficulty) this.chooseDifficulty(preset.difficulty);
  }

  /** The built-in model cannot do what these prompts ask: in words, before anybody wonders; null where there is nothing to say. */
  readonly caution: string | null = $derived(
    this.#base.kind === 'builtin' && this.#reading.config.promptSet !== this.defaults.promptSet
      ? 'The built-in model was trained on other words. With these it still solves, but its critics go astray: in a trial of ten questions none of 30 revised answers was right. For these prompts choose a larger model under Models.'
      : null,
  );

  /** The first `count` questions of the chosen list. @throws RangeError when the difficulty has no so many */
  questions(count: number): Question[] {
    return this.#list('arithmetic', count);
  }

  #list(task: string, count: number): Question[] {
    const source = taskById(task).questions;
    if (!source) throw new RangeError(`task ${task} has no list of questions`);
    return source({ split: 'eval', count, seed: this.listSeed, difficulty: this.difficulty });
  }

  step(by: number): void {
    this.#shown = null;
    this.index = Math.max(0, this.index + by);
  }

  /** Place in the list, from 1; null while a question of elsewhere is shown. */
  get place(): number | null {
    return this.#shown ? null : this.index + 1;
  }

  /** Goes to a place in the list, from 1; anything else is passed over. */
  goTo(place: number): void {
    if (!Number.isInteger(place) || place < 1 || place > limits.questions) return;
    this.#shown = null;
    this.index = place - 1;
  }

  /** Opens another list at its first question. */
  chooseList(seed: number): void {
    this.#shown = null;
    this.listText = String(seed);
    this.index = 0;
  }

  chooseDifficulty(difficulty: string): void {
    this.#shown = null;
    this.difficulty = difficulty;
    this.index = 0;
  }

  /** Takes over question and settings of a recorded debate, so that it can be run again here. The model stays the chosen one. */
  adopt(config: RunConfig, question: Question): void {
    this.draft = draftOf(settings, this.defaults, { ...config, base: this.#base });
    if (question.task === 'own') {
      this.source = 'own';
      this.ownText = question.text;
      this.ownTruth = question.truth ?? '';
      this.ownEquality = config.equality;
      return;
    }
    this.source = 'dataset';
    if (config.difficulty) this.difficulty = config.difficulty;
    this.#shown = question;
  }
}
