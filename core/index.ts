export * from './access.ts';
export * from './errors.ts';
export * from './event.ts';
export * from './files.ts';
export * from './frames.ts';
export * from './invariants.ts';
export * from './messages/index.ts';
export * from './packed.ts';
export * from './pid.ts';
export * from './pid-check.ts';
export * from './plant.ts';
export type { BacnetPoint, BacnetPollSpec, BacnetServiceSpec } from './plant-bacnet.ts';
export * from './plant-check.ts';
export { isCommanded } from './plant-check-bacnet.ts';
export type { Dnp3Point, Dnp3PollSpec, Dnp3ServiceSpec } from './plant-dnp3.ts';
export {
  type AccountSpec,
  dataPortsOf,
  type FirmwareSpec,
  type FtpServiceSpec,
  type SnmpServiceSpec,
  type TelnetServiceSpec,
  type WebServiceSpec,
} from './plant-doors.ts';
export type { FieldActionSpec } from './plant-field.ts';
export type { ModbusPoint, ModbusPollSpec, ModbusServiceSpec } from './plant-modbus.ts';
export {
  type EdgePoint,
  type EdgeSpec,
  edgePoints,
  type HostApplicationSpec,
  type MqttServiceSpec,
  type SparkplugPoint,
  sparkplugPointSchema,
} from './plant-mqtt.ts';
export * from './plant-network.ts';
export type { OpcUaPollSpec, OpcUaServiceSpec } from './plant-opcua.ts';
export * from './plant-options.ts';
export * from './plant-polls.ts';
export type { S7Point, S7PollSpec, S7ServiceSpec } from './plant-s7.ts';
export * from './predicate.ts';
export * from './s7-types.ts';
export * from './scene.ts';
export * from './scene-check.ts';
export * from './time.ts';
export * from './yaml-source.ts';
