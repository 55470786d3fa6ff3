/** What `penstock learn` leaves in a plant's folder: warm states by the hour of the day, and what is normal on its network. */
import { join } from 'node:path';
import { exists, readText } from '@penstock/core';
import { type Baseline, parseBaseline } from '@penstock/monitor';
import type { Plant } from './plants.ts';
import { packWarm, unpackWarm, type WarmState } from './warm.ts';

/** Raised when warm states or baselines mean something else than before. */
export const LEARNED_VERSION = 1;

export interface Learned {
  /** By the hour of the day, 0 to 23. */
  readonly warm: readonly WarmState[];
  readonly baseline: Baseline;
}

export interface LearnedFiles {
  readonly warm: string;
  readonly baseline: string;
}

/** Where a plant's learned files are. */
export const learnedFiles = (plant: Plant): LearnedFiles => ({
  warm: join(plant.folder, 'learned', 'warm.jsonl'),
  baseline: join(plant.folder, 'learned', 'baseline.json'),
});

export type Freshness = 'fresh' | 'stale' | 'missing';

/** Whether what was learned is of this plant as it stands. */
export function freshness(plant: Plant): Freshness {
  const files = learnedFiles(plant);
  if (!exists(files.warm) || !exists(files.baseline)) return 'missing';
  const [head] = readText(files.warm).split('\n', 1) as [string];
  return head === headOf(plant) ? 'fresh' : 'stale';
}

/** What was learned of the plant; undefined when nothing was, or of another version of it. */
export function loadLearned(plant: Plant): Learned | undefined {
  if (freshness(plant) !== 'fresh') return undefined;
  const files = learnedFiles(plant);
  const warm = readText(files.warm).trim().split('\n').slice(1).map(unpackWarm);
  return { warm, baseline: parseBaseline(readText(files.baseline), files.baseline) };
}

/** The text of `warm.jsonl`: a head that says of which plant, then a line for each hour. */
export const formatWarm = (plant: Plant, hours: readonly WarmState[]): string =>
  `${[headOf(plant), ...hours.map(packWarm)].join('\n')}\n`;

const headOf = (plant: Plant): string => JSON.stringify({ version: LEARNED_VERSION, plant: plant.hash });
