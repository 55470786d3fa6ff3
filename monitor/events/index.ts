export type { ConnEvent } from './conn.ts';
export { type DeviceLogEvent, deviceLogEvent, type LogAction } from './device-log.ts';
export type { ArpEvent, IcmpEvent } from './link.ts';
export type { KnownModbusEvent, RegisterChangeEvent } from './modbus-derived.ts';
export type { PathChangeEvent, PathEvent, SegmentConflictEvent } from './path.ts';
export { type Dropped, MonitorPipeline, type PipelineOptions, type PipelineSummary } from './pipeline.ts';
