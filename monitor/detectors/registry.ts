import type { DetectorModule } from './detector.ts';
import { pollSilence } from './poll-silence.ts';

/** One line for each detector module. */
export const DETECTORS: readonly DetectorModule[] = [pollSilence];
