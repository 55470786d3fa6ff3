export * from './engine.ts';
export * from './library.ts';
export * from './scenario.ts';
export * from './scope.ts';
