// Societies worth comparing, each a few settings away from the defaults.
import type { Draft } from './form';

export interface Preset {
  id: string;
  label: string;
  about: string;
  draft: Draft;
}

export const presets: readonly Preset[] = [
  { id: 'paper', label: 'As in the paper', about: 'Three agents, two rounds, critics read a summary.', draft: {} },
  {
    id: 'single',
    label: 'One agent alone',
    about: 'One answer, no vote: what everything else is compared with.',
    draft: { seats: '1', rounds: '1' },
  },
  {
    id: 'vote',
    label: 'Vote without debate',
    about: 'Five answers and a vote. Costs about as much as a debate of three.',
    draft: { seats: '5', rounds: '1' },
  },
  { id: 'alone', label: 'Self-check', about: 'Three agents revise without hearing the others.', draft: { share: 'none' } },
  { id: 'open', label: 'Full answers', about: 'Critics read what the others wrote instead of a summary.', draft: { share: 'concat' } },
  { id: 'long', label: 'Long debate', about: 'Three agents, four rounds.', draft: { rounds: '4' } },
];

export const presetOf = (draft: Draft): Preset | null =>
  presets.find(({ draft: other }) => {
    const keys = new Set([...Object.keys(draft), ...Object.keys(other)]);
    keys.delete('seed');
    return [...keys].every(key => draft[key] === other[key]);
  }) ?? null;
