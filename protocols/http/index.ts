export * from './dissector.ts';
export * from './machines.ts';
export * from './parser.ts';
