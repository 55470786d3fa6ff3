export * from './access.ts';
export * from './errors.ts';
export * from './event.ts';
export * from './frames.ts';
export * from './plant.ts';
export * from './time.ts';
