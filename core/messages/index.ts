/**
 * What server and page say to each other: one schema for both sides, and nothing here needs more than a browser. Requests go over
 * HTTP with the token (`/api/…`), what happens meanwhile comes over the socket.
 */
export * from './adversary.ts';
export * from './alarms.ts';
export * from './attack.ts';
export { type PageRole, pageRole } from './common.ts';
export * from './live.ts';
export * from './logic.ts';
export * from './network.ts';
export * from './operation.ts';
export * from './packets.ts';
export * from './tag.ts';
export * from './trends.ts';
