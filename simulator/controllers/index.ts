export * from './st/index.ts';
