import type { DetectorModule } from './detector.ts';
import { pollSilence } from './poll-silence.ts';
import { programChangedUnseen, programChangeUnlogged } from './program-change.ts';
import { reportsStayOff } from './reports-off.ts';

/** One line for each detector module. */
export const DETECTORS: readonly DetectorModule[] = [
  pollSilence,
  programChangedUnseen,
  programChangeUnlogged,
  reportsStayOff,
];
