/**
 * What a plant's engineers keep of their controllers' programs: the text of each, with every change that was announced and made. Work orders
 * tell the hashes of what they bring from it, and whoever restores a program takes it from there.
 */
import { editProgram, hashOfProgram } from '@penstock/attacks';
import type { Duration, LoadedPlant } from '@penstock/core';

type Edits = readonly { readonly find: string; readonly replace: string }[];

interface Change {
  readonly device: string;
  /** When it is loaded, from the plant's epoch. */
  readonly at: Duration;
  readonly edits: Edits;
}

export class ProgramArchive {
  readonly #plant: LoadedPlant;
  /** In order of time. */
  readonly #changes: Change[] = [];

  constructor(plant: LoadedPlant) {
    this.#plant = plant;
  }

  /** Writes down a change that will be loaded into `device` at `at`. */
  announce(device: string, at: Duration, edits: Edits): void {
    const after = this.#changes.findIndex((other) => other.at > at);
    this.#changes.splice(after < 0 ? this.#changes.length : after, 0, { device, at, edits });
  }

  /** The program that a device should have at a time, from the plant's epoch; undefined for one that has none. */
  program(device: string, at: Duration): string | undefined {
    const file = this.#plant.spec.devices.find(({ id }) => id === device)?.controller?.program;
    let text = file === undefined ? undefined : this.#plant.programs.get(file);
    for (const change of this.#changes) {
      if (change.at > at) break;
      if (change.device === device && text !== undefined) text = edited(text, change.edits) ?? text;
    }
    return text;
  }

  /** Hash of what edits at a time make of a device's program; undefined where it has none or is not changed by them. */
  hashAfter(device: string, at: Duration, edits: Edits): string | undefined {
    const before = this.program(device, (at - 1) as Duration);
    const after = before === undefined ? undefined : edited(before, edits);
    return after === undefined ? undefined : hashOfProgram(after);
  }
}

function edited(text: string, edits: Edits): string | undefined {
  const after = editProgram(text, edits);
  return 'problem' in after ? undefined : after.text;
}
