export * from './client.ts';
export { FTP_PORT } from './codec.ts';
export * from './dissector.ts';
export { type KeptFile, MemoryFiles, type ShownFile } from './files.ts';
export * from './server.ts';
