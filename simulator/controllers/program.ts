/** A program text bound to a controller: compiled, its tasks instantiated, inputs, outputs and points resolved to variables. */
import { type ControllerSpec, PenstockError, type PointSpec } from '@penstock/core';
import { encodeProgram, sha256 } from './program-files.ts';
import { compile, Runtime, Variable, type VariablePlaces } from './st/index.ts';

export class Program {
  readonly source: string;
  readonly file: string;
  /** SHA-256 of the text, hexadecimal. */
  readonly hash: string;
  readonly runtime: Runtime;
  readonly inputs: readonly Variable[];
  /** `<TAG>_BAD` of each input, undefined where the program declares none. */
  readonly inputBad: readonly (Variable | undefined)[];
  readonly outputs: readonly Variable[];
  readonly points: readonly Variable[];
  readonly #image: VariablePlaces | undefined;
  readonly #held: Float64Array;
  #records: Uint8Array | undefined;

  /**
   * @throws PenstockError from the compiler; `controller.variable` when the program lacks a variable that an input, an output or a point
   * needs; UsageError `st.program` when a task's program is missing
   */
  constructor(source: string, file: string, spec: ControllerSpec, points: readonly PointSpec[]) {
    this.source = source;
    this.file = file;
    this.hash = Buffer.from(sha256(new TextEncoder().encode(source))).toString('hex');
    const compiled = compile(source, file);
    this.runtime = new Runtime(
      compiled,
      spec.tasks.map((task) => task.program),
      spec.watchdog,
    );
    const named = (tag: string): string => spec.variables?.[tag] ?? tag;
    this.inputs = spec.inputs.map((tag) => this.#variable(named(tag), `the input ${tag}`));
    this.inputBad = spec.inputs.map((tag) => this.runtime.variables.find(`${named(tag)}_BAD`));
    this.outputs = spec.outputs.map((tag) => this.#variable(named(tag), `the output ${tag}`));
    const all = [...this.inputs, ...this.inputBad.filter((variable) => variable !== undefined)];
    this.#image = Variable.places(all);
    this.#held = new Float64Array(all.length);
    this.points = points.map((point) => this.#variable(point.variable ?? named(point.tag), `the point ${point.tag}`));
  }

  #variable(path: string, purpose: string): Variable {
    const { variables } = this.runtime;
    const found = variables.find(path);
    if (found !== undefined && !found.isText) return found;
    if (found !== undefined)
      throw new PenstockError(
        'controller.variable',
        `${this.file}: '${path}' for ${purpose} is a STRING; a number or BOOL is wanted`,
      );
    const hint = variables.hint(path);
    throw new PenstockError('controller.variable', `${this.file}: no single variable '${path}' for ${purpose}${hint}`);
  }

  /** Remembers what the inputs hold now, for `inputsStand`. */
  holdInputs(): void {
    const image = this.#image;
    if (image === undefined) return;
    const { numbers, slots } = image;
    for (let i = 0; i < slots.length; i++) this.#held[i] = numbers[slots[i]];
  }

  /** Whether neither program nor network nor force has written an input since `holdInputs`; false where that cannot be told. */
  inputsStand(): boolean {
    const image = this.#image;
    if (image === undefined) return false;
    const { numbers, slots } = image;
    const held = this.#held;
    for (let i = 0; i < slots.length; i++) if (numbers[slots[i]] !== held[i]) return false;
    return true;
  }

  /** The text as file records. */
  get records(): Uint8Array {
    this.#records ??= encodeProgram(this.source);
    return this.#records;
  }
}
