/** From source text to something that a controller can run. */
import { PenstockError } from '@penstock/core';
import { checkUnit } from './check.ts';
import { parse } from './parser.ts';
import type { Unit } from './unit.ts';

/** A text without errors. One may serve any number of runtimes. */
export interface Compiled {
  readonly file: string;
  readonly source: string;
  /** Names of its programs, in the order of the text. */
  readonly programs: readonly string[];
  readonly unit: Unit;
}

/**
 * All errors of a text with file, line and column; empty when it is right. A syntax error hides those behind it.
 * @param file how the errors call the text
 */
export function diagnose(source: string, file = 'program.st'): PenstockError[] {
  return attempt(source, file).errors;
}

/**
 * Compiles a text.
 * @throws PenstockError the first error: `st.syntax`, `st.type`, `st.unknown`, `st.range`, `st.duplicate`, `st.recursion` or `st.limit`
 */
export function compile(source: string, file = 'program.st'): Compiled {
  const { unit, errors } = attempt(source, file);
  if (unit === undefined || errors.length > 0) throw errors[0];
  const programs = [...unit.pous.values()].filter((pou) => pou.kind === 'program').map((pou) => pou.name);
  return { file, source, programs, unit };
}

function attempt(source: string, file: string): { unit?: Unit; errors: PenstockError[] } {
  try {
    const unit = checkUnit(parse(source, file), file);
    return { unit, errors: unit.errors };
  } catch (error) {
    if (error instanceof PenstockError) return { errors: [error] };
    if (!(error instanceof RangeError)) throw error;
    return { errors: [new PenstockError('st.limit', 'declarations nested too deeply', { file, line: 1, column: 1 })] };
  }
}
