// The debate as it was published: every open point as the paper has it, or where it is silent as its code does (method.md §3).
import type { RunConfig } from './config';
import { publishedValue, withSetting } from './setting';
import { settings } from './settings';

/** The range of operands in the published code. */
export const publishedDifficulty = 'paper';

/** Base, seed and whatever nothing was published on stay as they are. */
export const asPublished = (config: RunConfig): RunConfig =>
  settings.reduce<RunConfig>(
    (made, setting) => {
      const value = publishedValue(setting);
      return value === undefined ? made : withSetting(made, setting.key, value);
    },
    { ...config, difficulty: config.difficulty === '' ? '' : publishedDifficulty },
  );
