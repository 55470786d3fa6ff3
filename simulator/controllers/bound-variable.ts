import type { Variable } from './st/index.ts';

/** A variable of the controller by path, through every change of its program. */
export class BoundVariable {
  readonly path: string;
  #variable: Variable;

  constructor(path: string, variable: Variable) {
    this.path = path;
    this.#variable = variable;
  }

  /** The current value; BOOL 0 or 1. */
  get(): number {
    return this.#variable.get();
  }

  /** Sets the value after coercion; false (and nothing changed) when the type cannot hold it. */
  set(value: number): boolean {
    return this.#variable.set(value);
  }

  /** The controller's own: takes the variable of a new program. */
  rebind(variable: Variable): void {
    this.#variable = variable;
  }
}
