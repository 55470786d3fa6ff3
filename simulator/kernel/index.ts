export * from './queue.ts';
export * from './random.ts';
