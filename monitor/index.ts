/** The monitor: captures in; events, inventory, alerts and incidents out. */
export * from './alerts/index.ts';
export { type BaselineChange, changeText, diffBaselines } from './baseline/diff.ts';
export { applyEdits, sealBaseline } from './baseline/edit.ts';
export {
  type BaselineData,
  type BaselineEdit,
  formatBaselineData,
  hashOfBaseline,
  parseBaselineData,
} from './baseline/format.ts';
export { Baseline, formatBaseline, loadBaseline, type Movement, parseBaseline, type Slope } from './baseline/index.ts';
export {
  conversationMaturity,
  type Maturity,
  type MaturityReport,
  maturityOf,
  pollMaturity,
  readingMaturity,
  writeMaturity,
} from './baseline/maturity.ts';
export { conversationText, pollText, readingText, requestText, writeText } from './baseline/text.ts';
export * from './capture/index.ts';
export type { Detector, DetectorFinding, DetectorModule, Poll } from './detectors/detector.ts';
export { DETECTORS } from './detectors/registry.ts';
export * from './events/index.ts';
export { DISSECTORS } from './events/registry.ts';
export * from './flows/index.ts';
export type { Difference } from './inventory/differences.ts';
export { inventoryRecords, withAssets } from './inventory/exchange.ts';
export { type AccessReport, accessText, type DeviceReport } from './inventory/index.ts';
export { formatInventoryCsv, formatInventoryJson, type InventoryRecord, loadInventory } from './inventory/record.ts';
export type { Observation } from './inventory/roles.ts';
export {
  type KnownAsset,
  type KnownPoint,
  type KnownTag,
  type KnownZone,
  knowledgeOf,
  loadKnowledge,
  type OwnerKnowledge,
  ownerKnowledgeSchema,
  parseKnowledge,
  type WorkOrder,
} from './knowledge.ts';
export {
  Monitor,
  type MonitorDropped,
  type MonitorOptions,
  type MonitorResult,
  type MonitorSummary,
} from './monitor.ts';
export * from './outputs/index.ts';
export { type ListedRule, listRules } from './rule-list.ts';
export type { Field, LogSource } from './sigma/fields.ts';
export { checkRuleFile } from './sigma/lint.ts';
export { LOG_SOURCES } from './sigma/log-sources.ts';
export {
  builtInRules,
  loadRules,
  parseRules,
  type Rule,
  type RuleSet,
  type RuleText,
} from './sigma/rules.ts';
export { LEVELS, type Level } from './sigma/schema.ts';
export { ICS_TACTICS, ICS_TECHNIQUES, REVOKED_TECHNIQUES } from './techniques.ts';
export type { PointLevel, WatchedTag } from './watch/index.ts';
export * from './zeek/index.ts';
