export type { ConnEvent } from './conn.ts';
export type { ArpEvent, IcmpEvent } from './link.ts';
export type { KnownModbusEvent, RegisterChangeEvent } from './modbus-derived.ts';
export { type Dropped, MonitorPipeline, type PipelineOptions, type PipelineSummary } from './pipeline.ts';
