export * from './dissector.ts';
export * from './forms.ts';
export * from './machines.ts';
export * from './parser.ts';
