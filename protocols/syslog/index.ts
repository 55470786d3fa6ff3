export * from './codec.ts';
export * from './dissector.ts';
