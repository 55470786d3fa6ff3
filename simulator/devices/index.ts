export * from './context.ts';
export * from './device.ts';
export * from './foothold.ts';
export { ModbusPeer } from './modbus-peer.ts';
export * from './operator.ts';
export { checkCommonServers } from './parts/common-servers.ts';
export * from './tag-store.ts';
