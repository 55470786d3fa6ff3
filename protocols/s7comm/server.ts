/**
 * An S7 server over ISO-on-TCP: one `S7Server` for a device, one `S7Session` for a connection to it. What it answers to whom follows the
 * S7-300: transport connection, setup, then jobs and user data. It keeps no value; blocks that are being transferred are all that it holds.
 */
import type { ClockAccess, CpuAccess, DeviceIdentity, PointAccess, Writer } from '@penstock/core';
import { UsageError } from '@penstock/core';
import { type Block, encodeBlock, isProgram, LANGUAGE_DB, LANGUAGE_SCL, PROGRAM_BLOCK } from './blocks.ts';
import { blockTimeOf } from './clock.ts';
import { AREA_CODES, type S7Memory } from './memory.ts';
import { S7Session } from './server-session.ts';
import type { SzlSource } from './server-szl.ts';

/** What a server tells its owner beyond what the device hears: tries of a password, and what a list of writers refuses. */
export type S7Notice = 'password-wrong' | 'password-right' | 'write-refused';

export interface S7ServerOptions {
  readonly memory: S7Memory;
  readonly points: PointAccess;
  readonly identity: DeviceIdentity;
  /** Without it there are no program blocks, and mode and program cannot be changed. */
  readonly cpu?: CpuAccess | undefined;
  /** Without it there is no clock to read. */
  readonly clock?: ClockAccess | undefined;
  /** From an instant of the controller's diagnostic buffer to microseconds since 1970; the same number when left out. */
  readonly epochOf?: ((time: number) => number) | undefined;
  readonly stationName?: string | undefined;
  readonly plantName?: string | undefined;
  readonly serialNumber?: string | undefined;
  /** Place of the CPU; default rack 0, slot 2. */
  readonly rack?: number | undefined;
  readonly slot?: number | undefined;
  /** Longest PDU that it agrees to, 240 to 960 bytes; default 480. */
  readonly pduLength?: number | undefined;
  /** Connections at once, default 16. */
  readonly connections?: number | undefined;
  /** Level 2 asks for the password before program, mode or clock are changed, level 3 before the program is read too. */
  readonly protection?: { readonly level: number; readonly password?: string | undefined } | undefined;
  readonly onNotice?: ((notice: S7Notice, writer: Writer) => void) | undefined;
}

/** How many requests a device got and what it made of them. */
export interface S7ServerCounters {
  requests: number;
  refused: number;
  /** Messages that broke a layer. */
  broken: number;
}

const DATA_BLOCK = '0A';

export class S7Server {
  readonly memory: S7Memory;
  readonly points: PointAccess;
  readonly cpu: CpuAccess | undefined;
  readonly clock: ClockAccess | undefined;
  readonly rack: number;
  readonly slot: number;
  readonly pduLength: number;
  readonly connections: number;
  readonly protection: { readonly level: number; readonly password?: string | undefined };
  readonly onNotice: ((notice: S7Notice, writer: Writer) => void) | undefined;
  readonly counters: S7ServerCounters = { requests: 0, refused: 0, broken: 0 };
  /** The program block that was loaded and not put in yet. */
  staged: Uint8Array | undefined;
  /** Sessions with a transport connection. */
  open = 0;
  readonly #options: S7ServerOptions;
  #programTime: number;

  /** @throws UsageError `s7comm.server` for a PDU length, rack or slot out of bounds */
  constructor(options: S7ServerOptions) {
    const { memory, points, cpu, clock, rack = 0, slot = 2, pduLength = 480, connections = 16 } = options;
    const within = (value: number, low: number, high: number, what: string): void => {
      if (!Number.isInteger(value) || value < low || value > high)
        throw new UsageError('s7comm.server', `${what} is ${low} to ${high}, not ${value}`);
    };
    within(pduLength, 240, 960, 'the PDU length');
    within(rack, 0, 7, 'a rack');
    within(slot, 0, 31, 'a slot');
    this.#options = options;
    this.memory = memory;
    this.points = points;
    this.cpu = cpu;
    this.clock = clock;
    this.rack = rack;
    this.slot = slot;
    this.pduLength = pduLength;
    this.connections = connections;
    this.protection = options.protection ?? { level: 1 };
    this.onNotice = options.onNotice;
    this.#programTime = this.now();
  }

  /** A connection from `address`:`port`. Every write through it names that writer. With `mayWrite` false it may only read. */
  session(address: string, port: number, mayWrite = true): S7Session {
    return new S7Session(this, { protocol: 's7', address, port }, mayWrite);
  }

  /** Microseconds since 1970 as the device shows them; 0 without a clock. */
  now(): number {
    return this.clock?.now() ?? 0;
  }

  /** What the system status lists tell to a session; `unlocked` by a password. */
  szlSource(unlocked: boolean): SzlSource {
    const { identity, stationName = '', plantName = '', serialNumber = '', epochOf } = this.#options;
    const { cpu, pduLength, connections } = this;
    const { level } = this.protection;
    return {
      ...{ identity, stationName, plantName, serialNumber, cpu, pduLength, connections },
      protection: { level, now: unlocked ? 1 : level },
      epochOf: epochOf ?? ((time) => time),
      now: () => this.now(),
    };
  }

  /** A new program is in. */
  programChanged(): void {
    this.#programTime = this.now();
  }

  /** How many there are of each of the seven block types of an S7-300: clients take an answer with fewer types for none. */
  counts(): { type: string; count: number }[] {
    return [
      { type: PROGRAM_BLOCK.type, count: this.#hasProgram ? 1 : 0 },
      { type: '0E', count: 0 },
      { type: '0C', count: 0 },
      { type: DATA_BLOCK, count: this.memory.dataBlocks.length },
      { type: '0B', count: 0 },
      { type: '0D', count: 0 },
      { type: '0F', count: 0 },
    ];
  }

  /** Numbers of the blocks of a type, with their language. */
  blocksOf(type: string): { number: number; flags: number; language: number }[] {
    if (type === PROGRAM_BLOCK.type)
      return this.#hasProgram ? [{ number: PROGRAM_BLOCK.number, flags: 0x22, language: LANGUAGE_SCL }] : [];
    return type === DATA_BLOCK
      ? this.memory.dataBlocks.map((number) => ({ number, flags: 0x22, language: LANGUAGE_DB }))
      : [];
  }

  /** A block as it stands; undefined where there is none. */
  block(type: string, number: number): Block | undefined {
    const time = blockTimeOf(this.#programTime);
    const common = { number, time, family: '', author: this.#options.identity.vendor };
    if (isProgram(type, number)) {
      if (!this.#hasProgram) return undefined;
      const content = new TextEncoder().encode((this.cpu as CpuAccess).source);
      return { ...common, type: 8, language: LANGUAGE_SCL, name: this.#options.stationName ?? '', content };
    }
    const memory = type === DATA_BLOCK ? this.memory.block(AREA_CODES.DB, number) : undefined;
    if (memory === undefined) return undefined;
    const content = new Uint8Array(memory.length);
    memory.read(0, memory.length, this.points, content, 0);
    return { ...common, type: 10, language: LANGUAGE_DB, name: '', content };
  }

  /** `block` as bytes to be loaded. */
  encoded(type: string, number: number): Uint8Array | undefined {
    const block = this.block(type, number);
    return block && encodeBlock(block);
  }

  get #hasProgram(): boolean {
    return this.cpu !== undefined && this.cpu.source !== '';
  }
}
