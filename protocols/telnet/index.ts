export * from './client.ts';
export * from './dissector.ts';
export { NvtParser, TELNET_PORT } from './nvt.ts';
export * from './server.ts';
