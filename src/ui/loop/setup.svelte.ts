// What the next loop will be. Survives every change of screen; nothing typed is ever dropped.
import type { ModelRef } from '../../debate/config';
import { presets } from '../../experiment/presets';
import { isShared, societyOf } from '../../experiment/society';
import { presetFor, readLoopDraft, type LoopDraft } from './settings';

export class LoopSetup {
  #preset = $state<string>(presets[0]!.id);
  draft = $state.raw<LoopDraft>({});
  /** Goes on after the last iteration until somebody stops it. */
  endless = $state(false);
  readonly base: () => ModelRef;

  constructor(base: () => ModelRef) {
    this.base = base;
  }

  readonly defaults = $derived.by(() => presetFor(this.#preset, this.base()));
  readonly reading = $derived(readLoopDraft(this.defaults, this.draft));

  get preset(): string {
    return this.#preset;
  }

  /** Another preset has other values; what was edited stays. */
  choose(preset: string): void {
    this.#preset = preset;
  }

  set(key: string, text: string): void {
    this.draft = { ...this.draft, [key]: text };
  }

  reset(): void {
    this.draft = {};
    this.endless = false;
  }

  readonly title = $derived.by(() => {
    const { config } = this.reading;
    const name = presets.find(({ id }) => id === config.preset)?.title ?? 'Own settings';
    const control = isShared(config) ? `, control ${societyOf(config)}` : '';
    return `${name}${control}, ${config.trainQuestions} questions, seed ${config.seed}`;
  });
}
