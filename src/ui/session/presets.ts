// Societies worth comparing, each a few settings away from the defaults.
import type { RunConfig } from '../../debate/config';
import { asPublished, publishedDifficulty } from '../../debate/published';
import { settings } from '../../debate/settings';
import { draftOf, readDraft, type Draft } from './form';

export interface Preset {
  id: string;
  label: string;
  about: string;
  draft: (defaults: RunConfig) => Draft;
  /** Of the task's own questions; left out = whatever is chosen. */
  difficulty?: string;
}

const fixed = (draft: Draft) => (): Draft => draft;

export const presets: readonly Preset[] = [
  {
    id: 'published',
    label: 'As published',
    about:
      'Every open point as in the paper, or where it is silent its code: its prompts, operands up to 29, temperature 1 with top-p 0.9, one vote is enough for a label.',
    draft: defaults => draftOf(settings, defaults, asPublished(defaults)),
    difficulty: publishedDifficulty,
  },
  {
    id: 'single',
    label: 'One agent alone',
    about: 'One answer, no vote: what everything else is compared with.',
    draft: fixed({ seats: '1', rounds: '1' }),
  },
  {
    id: 'vote',
    label: 'Vote without debate',
    about: 'Nine answers and a vote: as many calls as a debate of three.',
    draft: fixed({ seats: '9', rounds: '1' }),
  },
  { id: 'alone', label: 'Self-check', about: 'Three agents revise without hearing the others.', draft: fixed({ share: 'none' }) },
  {
    id: 'open',
    label: 'Full answers',
    about: 'Critics read what the others wrote instead of a summary.',
    draft: fixed({ share: 'concat' }),
  },
  { id: 'long', label: 'Long debate', about: 'Three agents, four rounds.', draft: fixed({ rounds: '4' }) },
];

/** Seeds and retries belong to no preset. */
const same = (a: RunConfig, b: RunConfig): boolean =>
  JSON.stringify({ ...a, seed: 0, retries: 0, difficulty: '' }) === JSON.stringify({ ...b, seed: 0, retries: 0, difficulty: '' });

/** The preset that the form stands at, however it came there. */
export function presetOf(config: RunConfig, defaults: RunConfig, difficulty: string): Preset | null {
  return (
    presets.find(
      preset =>
        same(readDraft(settings, defaults, preset.draft(defaults)).config, config) && (preset.difficulty ?? difficulty) === difficulty,
    ) ?? null
  );
}
