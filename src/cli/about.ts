// What a record says about the program that made it.
import { readFileSync } from 'node:fs';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };

export const app = `polylogue ${version}`;

export const timestamp = (): string => new Date().toISOString();
