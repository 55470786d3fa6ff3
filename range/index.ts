export {
  type AlarmLimit,
  type AlarmState,
  type AlarmStatus,
  type AlarmSummary,
  ProcessAlarms,
} from './alarms/index.ts';
export { engineHost, labelledParties } from './attack.ts';
export { checkScenario } from './check-scenario.ts';
export type { ControlMeasure } from './controls.ts';
export { gateServices, reachedFromTrainee } from './gates.ts';
export * from './journal/folder.ts';
export { type OutsideRecord, readOutside, TruthJournal, type WriteRecord } from './journal/truth.ts';
export * from './learned.ts';
export { AS_CONTROLLED, checkOrder, type Order, type OrderStatus, operableTags, positionsOf } from './orders.ts';
export * from './outside.ts';
export * from './plants.ts';
export * from './play.ts';
export * from './range.ts';
export * from './replay.ts';
export {
  pages,
  RESPONDER_KEYS,
  type ResponseOutcome,
  type ResponseRecord,
} from './responses.ts';
export * from './run.ts';
export * from './verdict.ts';
export type { WarmState } from './warm.ts';
