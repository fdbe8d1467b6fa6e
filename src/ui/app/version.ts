import { version } from '../../../package.json';

/** Recorded with every run. */
export const appName = `polylogue ${version}`;
