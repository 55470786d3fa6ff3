/**
 * The seam between a protocol and the device it speaks for: a protocol's state machine knows points by index, moves bytes, and
 * is told the time. It opens no socket, sets no timer and keeps no value of its own.
 */
import type { Instant } from './time.ts';

/** Who sent a write, as far as the network tells. */
export interface Writer {
  readonly protocol: string;
  /** Source address, for example `10.20.2.10`. */
  readonly address: string;
  readonly port: number;
}

/** What became of a write. `locked`: the key switch or a force forbids it; `range`: the device refuses the value. */
export type WriteOutcome = 'done' | 'read-only' | 'locked' | 'range' | 'fault';

/**
 * A device's memory as every protocol sees it. Points are numbered from 0 in the order of the device's point list in
 * `plant.yaml`; values are in engineering units, booleans 0 or 1.
 */
export interface PointAccess {
  read(point: number): number;
  write(point: number, value: number, writer: Writer): WriteOutcome;
  /** What `write` would answer, without writing; lets a protocol refuse a write of several points as a whole. */
  check?(point: number, value: number, writer: Writer): WriteOutcome;
}

/**
 * Named byte stores of a device (its program, its configuration) for protocols that can move files. Addresses count 16-bit
 * records as Modbus FC 20/21 does; other protocols use offsets of two bytes.
 */
export interface FileAccess {
  /** Copies `count` records from `record` on, or undefined where there is no such file or record. */
  readFile(file: number, record: number, count: number): Uint8Array | undefined;
  writeFile(file: number, record: number, bytes: Uint8Array, writer: Writer): WriteOutcome;
}

/** One line of a controller's diagnostic buffer. `time` is the controller's own. */
interface CpuDiagnostic {
  readonly time: Instant;
  readonly id: string;
  readonly text: string;
}

/** A controller's CPU for protocols that start, stop and program it. Key switch and faults decide; `locked` is the key's refusal. */
export interface CpuAccess {
  readonly mode: 'off' | 'stopped' | 'running' | 'faulted';
  readonly key: 'run' | 'remote' | 'program';
  /** Text of the program that is loaded, and its SHA-256, hexadecimal. The text is empty after `erase`. */
  readonly source: string;
  readonly hash: string;
  readonly forces: readonly unknown[];
  /** Oldest first. */
  readonly diagnostics: { list(): readonly CpuDiagnostic[] };
  requestMode(mode: 'run' | 'stop', writer: Writer, restart?: 'warm' | 'cold'): WriteOutcome;
  /** Replaces the program. `range`: the text does not compile or does not fit the device, and nothing changed. */
  download(source: string, how: 'online' | 'restart', writer: Writer): WriteOutcome;
  /** Takes the program away: the controller stops, and does not start before another is loaded. */
  erase(writer: Writer): WriteOutcome;
}

/** The clock that a device shows, in microseconds since 1970. */
export interface ClockAccess {
  now(): number;
  set(time: number, writer: Writer): WriteOutcome;
}

/** What a device says of itself (Modbus 43/14, DNP3 g0, S7 SZL, …). */
export interface DeviceIdentity {
  readonly vendor: string;
  readonly productCode: string;
  readonly revision: string;
  readonly productName: string;
  readonly modelName: string;
  readonly vendorUrl?: string | undefined;
  readonly application?: string | undefined;
}

/**
 * One end of a conversation over a byte stream. The owner feeds what arrived, calls `tick` no later than `due()`, and after
 * either sends what `take()` returns. `close` is set when the machine wants the connection ended.
 */
export interface StreamMachine {
  receive(bytes: Uint8Array, now: Instant): void;
  /** `receive` for `buffer[start..end)`, for machines that need no array of its own for it; valid only during the call. */
  receiveRange?(buffer: Uint8Array, start: number, end: number, now: Instant): void;
  /** When `tick` must be called at the latest; `NEVER` when nothing is pending. */
  due(): Instant;
  tick(now: Instant): void;
  /** Bytes to send, undefined when there are none. The caller owns the array. */
  take(): Uint8Array | undefined;
  /** `take` for machines that lend their bytes to a sink that copies them; false when it wants no more for now. */
  takeTo?(sink: ByteSink): boolean;
  readonly closing: boolean;
}

/** Takes bytes by copying them; false when the giver should hold back. */
export interface ByteSink {
  send(bytes: Uint8Array, start: number, end: number): boolean;
}
