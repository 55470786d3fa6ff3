export * from './agent.ts';
export { compareOids, type Oid, oidText } from './ber.ts';
export * from './codec.ts';
export * from './dissector.ts';
export * from './mib.ts';
