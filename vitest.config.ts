import { defineConfig } from 'vitest/config';
import LongestFirst from './tests/sequence.ts';

/** `npm run prove` runs what takes minutes too, at full length. */
const proving = process.env.PENSTOCK_PROVE === '1';

const never = ['**/node_modules/**', 'runs/**', 'prove/**'];

export default defineConfig({
  test: {
    // Ranges in containers share one engine and its networks: when all else is done, one file after the other.
    projects: [
      {
        extends: true,
        test: {
          name: 'house',
          include: ['**/*.test.ts'],
          exclude: [...never, 'tests/docker/**'],
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'docker',
          include: ['tests/docker/**/*.test.ts'],
          exclude: never,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
    ],
    // Timings are asserted in some tests, and the machines that judge us have two cores.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    // A limit for what hangs, not for what is slow: these machines do other things too.
    testTimeout: proving ? 1_800_000 : 180_000,
    hookTimeout: proving ? 300_000 : 180_000,
    expect: { poll: { timeout: 120_000 } },
    setupFiles: ['tests/leaks.ts', 'tests/properties.ts'],
    reporters: [process.env.CI === 'true' ? 'verbose' : 'default', './tests/closing-line.ts'],
  },
});
