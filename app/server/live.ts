import type { AlertMessage, JournalMessage, KeyframeMessage, RepetitionMessage, ValuesMessage } from '@penstock/core';

/** What the server shows: a running range, seen from the page's side. */
export interface LiveRange {
  /** Everything a page needs when it joins; alerts and journal lines after the numbers that it already has. */
  keyframe(lastAlert: number, lastJournal: number): KeyframeMessage;
  values(): ValuesMessage;
  onAlert(listener: (alert: AlertMessage) => void): void;
  onRepetition(listener: (repetition: RepetitionMessage) => void): void;
  onJournal(listener: (line: JournalMessage) => void): void;
}
