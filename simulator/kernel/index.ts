export * from './foothold.ts';
export * from './queue.ts';
export * from './random.ts';
export * from './registry.ts';
