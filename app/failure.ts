/** What ends the command early, as one line and an exit code: 1 the thing asked for failed, 2 wrong use. */
import { FileError, PenstockError, shownPath, UsageError } from '@penstock/core';

export interface Failure {
  readonly line: string;
  readonly code: 1 | 2;
}

/** Errors of rooms that cannot know it: at the command, the caller must change what they asked for. */
const WRONG_USE = new Set([
  'capture.empty',
  'capture.no-tcpdump',
  'capture.not-a-capture',
  'capture.permission',
  'capture.unreadable',
  'capture.unwritable',
  'gate.bind',
  'gate.taken',
  'journal.unwritable',
  'run.broken',
  'scenario.control',
  'scenario.input',
  'zeek.unwritable',
]);

/** What the command can do about it, which the room that complains does not know. */
const WAYS_OUT: Readonly<Record<string, string>> = {
  'gate.taken': 'with --gates picked, or none',
};

/** Codes of the system that say that a path was badly chosen. */
const BAD_PATH = new Set(['EACCES', 'EEXIST', 'EISDIR', 'ENOENT', 'ENOTDIR', 'EPERM', 'EROFS']);

export const isWrongUse = (error: unknown): boolean =>
  error instanceof UsageError ||
  error instanceof FileError ||
  (error instanceof PenstockError && (error.place !== undefined || WRONG_USE.has(error.id))) ||
  (isSystemError(error) && error.path !== undefined && BAD_PATH.has(error.code));

/** Undefined for a defect of ours, which should be seen with its stack. */
export function failureOf(error: unknown): Failure | undefined {
  const code = isWrongUse(error) ? 2 : 1;
  if (error instanceof PenstockError) {
    const way = WAYS_OUT[error.id];
    return { line: way === undefined ? error.message : `${error.message} (${way})`, code };
  }
  if (!isSystemError(error)) return undefined;
  const path = error.dest ?? error.path;
  const where = path === undefined ? '' : ` ${shownPath(path)}`;
  return { line: `the system refuses to ${error.syscall}${where} (${error.code})`, code };
}

interface SystemError extends Error {
  readonly code: string;
  readonly syscall: string;
  readonly path?: string;
  readonly dest?: string;
}

const isSystemError = (error: unknown): error is SystemError =>
  error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string';
