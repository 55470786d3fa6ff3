export * from './context.ts';
export * from './device.ts';
export type { DoorsSnapshot } from './doors/index.ts';
export * from './foothold.ts';
export { ModbusPeer } from './modbus-peer.ts';
export * from './operator.ts';
export { checkCommonServers } from './parts/common-servers.ts';
export { Dnp3Poller } from './parts/dnp3-poller.ts';
export * from './tag-store.ts';
