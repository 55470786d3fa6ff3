/** Variables that are held at a value, whatever inputs, program and network say. */
import type { Variable, VariableTable } from './st/index.ts';

export interface Force {
  readonly path: string;
  readonly value: number;
}

export class ForceTable {
  #variables: Variable[] = [];
  #values: number[] = [];

  get size(): number {
    return this.#variables.length;
  }

  list(): Force[] {
    return this.#variables.map((variable, i) => ({ path: variable.path, value: this.#values[i] }));
  }

  has(path: string): boolean {
    for (let i = 0; i < this.#variables.length; i++) if (this.#variables[i].path === path) return true;
    return false;
  }

  /** Holds `variable` at `value`, which its type can hold; an earlier force of it is replaced. */
  hold(variable: Variable, value: number): void {
    const i = this.#variables.findIndex((candidate) => candidate.path === variable.path);
    if (i >= 0) this.#values[i] = value;
    else {
      this.#variables.push(variable);
      this.#values.push(value);
    }
    variable.set(value);
  }

  /** Ends one force, or all of them without `path`; returns the paths that are free now. */
  release(path?: string): string[] {
    const released = this.#variables
      .map((variable) => variable.path)
      .filter((held) => path === undefined || held === path);
    for (const free of released) {
      const i = this.#variables.findIndex((variable) => variable.path === free);
      this.#variables.splice(i, 1);
      this.#values.splice(i, 1);
    }
    return released;
  }

  apply(): void {
    for (let i = 0; i < this.#variables.length; i++) this.#variables[i].set(this.#values[i]);
  }

  /** Forces follow their variables into another program; returns the paths of those whose variable is gone. */
  rebind(variables: VariableTable): string[] {
    const before = this.list();
    this.#variables = [];
    this.#values = [];
    return before.flatMap(({ path, value }) => {
      const variable = variables.find(path);
      if (variable?.coerce(value) === undefined || variable.constant) return [path];
      this.#variables.push(variable);
      this.#values.push(value);
      return [];
    });
  }

  /** Takes the forces of a snapshot, without setting anything. @throws PenstockError `st.unknown` */
  load(forces: readonly Force[], variables: VariableTable): void {
    this.#variables = forces.map((force) => variables.require(force.path));
    this.#values = forces.map((force) => force.value);
  }
}
