import { readFileSync } from 'node:fs';

/** Of this package; containers and their range must be of one. */
export const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as {
  version: string;
};
