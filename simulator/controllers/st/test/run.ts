import type { Instant } from '@penstock/core';
import { compile, type Fault, Runtime, type Variable } from '../index.ts';

/** One program under test, scanned by hand. */
export class Bench {
  readonly runtime: Runtime;
  #now = 0;

  constructor(source: string, program = 'MAIN', budget?: number) {
    this.runtime = new Runtime(compile(source), [program], budget);
  }

  /** Runs one scan at a time in milliseconds (a further 100 ms when left out). */
  scan(milliseconds = this.#now + 100): Fault | undefined {
    this.#now = milliseconds;
    this.runtime.beginScan((milliseconds * 1000) as Instant);
    return this.runtime.run(0);
  }

  variable(path: string): Variable {
    return this.runtime.variables.require(path);
  }

  get(path: string): number {
    return this.variable(path).get();
  }

  text(path: string): string {
    return this.variable(path).text;
  }

  set(path: string, value: number): void {
    if (!this.variable(path).set(value)) throw new Error(`${path} cannot hold ${value}`);
  }
}

/** Runs `body` once with the given variables and returns the bench. A fault is an error of the test. */
export function once(variables: string, body: string, before = ''): Bench {
  const bench = new Bench(`${before}\nPROGRAM MAIN VAR ${variables} END_VAR\n${body}\nEND_PROGRAM`);
  const fault = bench.scan(0);
  if (fault) throw fault;
  return bench;
}

/** Value of an expression of a type. */
export const value = (type: string, expression: string): number => once(`R : ${type};`, `R := ${expression};`).get('R');

export const textOf = (expression: string): string => once('R : STRING[200];', `R := ${expression};`).text('R');
