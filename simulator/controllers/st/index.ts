export { Fault } from './closures.ts';
export { type Compiled, compile, diagnose } from './compile.ts';
export { MAX_SOURCE } from './parser.ts';
export { DEFAULT_BUDGET, Runtime, type RuntimeSnapshot } from './runtime.ts';
export { Variable, type VariablePlaces, VariableTable } from './variables.ts';
