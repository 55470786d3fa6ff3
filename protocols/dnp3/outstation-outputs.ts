/**
 * Commands to outputs (IEEE 1815-2012, 4.4.4 and annex A, groups 12 and 41): what a control relay output block or an analog output block
 * means for the device's points, and the pulses that are under way.
 */
import { type Instant, milliseconds, NEVER, type WriteOutcome, type Writer } from '@penstock/core';
import { type OutstationDevice, statusOf } from './outstation-device.ts';
import type { OutstationPoint, PointTable } from './outstation-points.ts';
import { type AnalogCommand, COMMAND_STATUS, type ControlRelayOutput, OPERATION, TRIP_CLOSE } from './values.ts';

export type OutputCommand = ControlRelayOutput | AnalogCommand;

/** Values that follow each other at a point of the device: a latch has one of them. */
interface Pulse {
  readonly point: number;
  readonly active: number;
  readonly onTime: number;
  readonly offTime: number;
  /** Pulses that are still to come, the present one included. */
  left: number;
  isOn: boolean;
  next: Instant;
  readonly writer: Writer;
}

/** What a command comes to: a value that stays, or pulses. */
interface Meaning {
  readonly point: number;
  readonly value: number;
  readonly pulses: boolean;
}

export class Outputs {
  readonly #device: OutstationDevice;
  readonly #binary: PointTable;
  readonly #analog: PointTable;
  readonly #pulses = new Map<number, Pulse>();

  constructor(device: OutstationDevice, binary: PointTable, analog: PointTable) {
    this.#device = device;
    this.#binary = binary;
    this.#analog = analog;
  }

  /** The output that a command to `index` goes to. */
  row(command: OutputCommand, index: number): OutstationPoint | undefined {
    const table = command.type === 'crob' ? this.#binary : this.#analog;
    return table.rows[table.at(index)];
  }

  /** The status that `operate` would have, without doing anything. */
  check(command: OutputCommand, index: number, writer: Writer): number {
    const row = this.row(command, index);
    if (row === undefined) return COMMAND_STATUS.notSupported;
    if (command.type === 'analog-command') {
      const value = engineering(command, row);
      return Number.isFinite(value) ? this.#mayWrite(row.point, value, writer) : COMMAND_STATUS.outOfRange;
    }
    if (command.operation === OPERATION.nul && command.tripClose === TRIP_CLOSE.nul) return COMMAND_STATUS.success;
    const meaning = meaningOf(command, row);
    if (meaning === undefined) return COMMAND_STATUS.notSupported;
    const pulse = this.#pulses.get(meaning.point);
    if (meaning.pulses && pulse !== undefined && !command.clear && pulse.active === meaning.value)
      return COMMAND_STATUS.alreadyActive;
    return this.#mayWrite(meaning.point, meaning.value, writer);
  }

  /** Does what the command says. @returns its status */
  operate(command: OutputCommand, index: number, writer: Writer, now: Instant): number {
    const status = this.check(command, index, writer);
    if (status !== COMMAND_STATUS.success) return status;
    const row = this.row(command, index) as OutstationPoint;
    if (command.type === 'analog-command')
      return statusOf(this.#device.write(row.point, engineering(command, row), writer));
    if (command.clear) this.#cancel(row);
    const meaning = meaningOf(command, row);
    // A count of 0 executes nothing (A.8.1).
    if (meaning === undefined || command.count === 0) return COMMAND_STATUS.success;
    this.#pulses.delete(meaning.point);
    const outcome = this.#device.write(meaning.point, meaning.value, writer);
    if (outcome === 'done' && meaning.pulses) this.#begin(meaning, command, writer, now);
    return statusOf(outcome);
  }

  /** When a pulse changes next. */
  due(): Instant {
    let due = NEVER;
    for (const { next } of this.#pulses.values()) if (next < due) due = next;
    return due;
  }

  /** Whether anything was written. */
  tick(now: Instant): boolean {
    if (this.#pulses.size === 0) return false;
    let wrote = false;
    for (const pulse of this.#pulses.values())
      while (pulse.next <= now) {
        wrote = true;
        this.#turn(pulse);
      }
    return wrote;
  }

  /** Ends all pulses where they are. */
  clear(): void {
    this.#pulses.clear();
  }

  #begin(meaning: Meaning, command: ControlRelayOutput, writer: Writer, now: Instant): void {
    const onTime = Math.max(1, command.onTime);
    this.#pulses.set(meaning.point, {
      point: meaning.point,
      active: meaning.value,
      onTime,
      offTime: Math.max(1, command.offTime),
      left: command.count,
      isOn: true,
      next: (now + milliseconds(onTime)) as Instant,
      writer,
    });
  }

  #turn(pulse: Pulse): void {
    if (pulse.isOn) {
      this.#device.write(pulse.point, 1 - pulse.active, pulse.writer);
      pulse.isOn = false;
      pulse.left--;
      pulse.next = pulse.left > 0 ? ((pulse.next + milliseconds(pulse.offTime)) as Instant) : NEVER;
      if (pulse.left === 0) this.#pulses.delete(pulse.point);
      return;
    }
    this.#device.write(pulse.point, pulse.active, pulse.writer);
    pulse.isOn = true;
    pulse.next = (pulse.next + milliseconds(pulse.onTime)) as Instant;
  }

  #cancel(row: OutstationPoint): void {
    for (const point of [row.point, row.tripPoint]) {
      const pulse = point === undefined ? undefined : this.#pulses.get(point);
      if (pulse === undefined) continue;
      if (pulse.isOn) this.#device.write(pulse.point, 1 - pulse.active, pulse.writer);
      this.#pulses.delete(pulse.point);
    }
  }

  #mayWrite(point: number, value: number, writer: Writer): number {
    const outcome: WriteOutcome = this.#device.check?.(point, value, writer) ?? 'done';
    return statusOf(outcome);
  }
}

const engineering = (command: AnalogCommand, row: OutstationPoint): number =>
  command.value * (row.scale ?? 1) + (row.offset ?? 0);

/** Undefined for a code that the output does not know, and for one that does nothing. */
function meaningOf(command: ControlRelayOutput, row: OutstationPoint): Meaning | undefined {
  const { operation, tripClose } = command;
  const { point } = row;
  if (tripClose === TRIP_CLOSE.reserved || operation > OPERATION.latchOff) return undefined;
  switch (row.output ?? 'latch') {
    case 'latch':
      return latchMeaning(point, operation, tripClose);
    case 'pulse':
      return operation === OPERATION.nul || operation === OPERATION.latchOff || tripClose === TRIP_CLOSE.trip
        ? undefined
        : { point, value: operation === OPERATION.pulseOff ? 0 : 1, pulses: true };
    case 'two-output':
      if (operation !== OPERATION.pulseOn || tripClose === TRIP_CLOSE.nul) return undefined;
      if (tripClose === TRIP_CLOSE.close) return { point, value: 1, pulses: true };
      return row.tripPoint === undefined ? undefined : { point: row.tripPoint, value: 1, pulses: true };
  }
}

/** A command that says both must say the same with both: latching on and tripping contradict each other. */
function latchMeaning(point: number, operation: number, tripClose: number): Meaning | undefined {
  const latch = operation === OPERATION.latchOn ? 1 : operation === OPERATION.latchOff ? 0 : undefined;
  if (tripClose !== TRIP_CLOSE.nul) {
    const value = tripClose === TRIP_CLOSE.close ? 1 : 0;
    return operation === OPERATION.pulseOff || (latch !== undefined && latch !== value)
      ? undefined
      : { point, value, pulses: false };
  }
  if (latch !== undefined) return { point, value: latch, pulses: false };
  if (operation === OPERATION.nul) return undefined;
  return { point, value: operation === OPERATION.pulseOn ? 1 : 0, pulses: true };
}
