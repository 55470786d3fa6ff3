import type {
  AlarmMessage,
  AlarmSummaryMessage,
  AlertMessage,
  AttackMessage,
  FlowsMessage,
  JournalMessage,
  KeyframeMessage,
  OrderMessage,
  PageRole,
  RepetitionMessage,
  ValuesMessage,
} from '@penstock/core';
import type { Told } from './told.ts';

/** What the sockets show: a running range, seen from the page's side. */
export interface LiveRange {
  readonly onAlert: Told<AlertMessage>;
  readonly onRepetition: Told<RepetitionMessage>;
  readonly onJournal: Told<JournalMessage>;
  readonly onOrder: Told<OrderMessage>;
  readonly onAlarms: Told<AlarmMessage[]>;
  readonly onAttack: Told<AttackMessage>;
  /** Everything a page needs when it joins; alerts and journal lines after the numbers that it already has. */
  keyframe(role: PageRole, lastAlert: number, lastJournal: number): KeyframeMessage;
  values(role: PageRole): ValuesMessage;
  mayHear(role: PageRole, line: JournalMessage): boolean;
  alarmSummary(): AlarmSummaryMessage;
  takeFlows(): FlowsMessage;
  /** Called before values go out. */
  observe(): void;
}
