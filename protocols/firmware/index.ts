export * from './dissector.ts';
export * from './image.ts';
