export { BoundVariable } from './bound-variable.ts';
export {
  Controller,
  type ControllerIo,
  type ControllerOptions,
  type ControllerSnapshot,
  type Key,
  type Mode,
} from './controller.ts';
export { DiagnosticBuffer, type DiagnosticEntry, type DiagnosticId } from './diagnostics.ts';
export type { Force } from './forces.ts';
export {
  ACTIVE_FILE,
  decodeHeader,
  encodeProgram,
  programWrites,
  RECORDS_PER_FILE,
  STAGING_FILE,
} from './program-files.ts';
export * from './st/index.ts';
