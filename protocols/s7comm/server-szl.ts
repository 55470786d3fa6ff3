/**
 * System status lists of a server (identification, state, communication, diagnostic buffer), made from what the device says of itself.
 * Record layouts after what public dissectors and clients agree on.
 */
import type { CpuAccess, DeviceIdentity } from '@penstock/core';
import { ByteWriter } from './bytes.ts';
import { clockOf } from './clock.ts';
import { ERROR } from './tables.ts';
import { encodeContent } from './userdata.ts';

/** What the lists tell of. */
export interface SzlSource {
  readonly identity: DeviceIdentity;
  /** Of the station, of the plant, and of the module; empty ones are left blank. */
  readonly stationName: string;
  readonly plantName: string;
  readonly serialNumber: string;
  readonly cpu: CpuAccess | undefined;
  readonly pduLength: number;
  readonly connections: number;
  /** Protection level that the owner has set, 1 to 3, and the one that holds now. */
  readonly protection: { readonly level: number; readonly now: number };
  /** Microseconds since 1970 of an instant of the controller's. */
  epochOf(time: number): number;
  now(): number;
}

interface Szl {
  readonly index: number;
  readonly recordLength: number;
  readonly records: readonly Uint8Array[];
}

type Maker = (source: SzlSource, index: number) => Szl | undefined;

const list = (recordLength: number, records: readonly ByteWriter[], index = 0): Szl => ({
  index,
  recordLength,
  records: records.map((record) => filled(record, recordLength)),
});

function filled(writer: ByteWriter, length: number): Uint8Array {
  const record = new Uint8Array(length);
  record.set(writer.take().subarray(0, length));
  return record;
}

const text = (value: string, length: number, fill = '\0'): string =>
  value
    .replace(/[^\x20-\x7e]/g, '_')
    .slice(0, length)
    .padEnd(length, fill);

/** Parts of a list: all of it, the record of one index, or its head alone. */
function sublists(
  id: number,
  recordLength: number,
  make: (source: SzlSource) => readonly ByteWriter[],
): [number, Maker][] {
  return [
    [id, (source) => list(recordLength, make(source))],
    [
      0x0100 | id,
      (source, index) => {
        const found = make(source).filter((record) => {
          const bytes = record.take();
          return (((bytes[0] as number) << 8) | (bytes[1] as number)) === index;
        });
        return found.length === 0 ? undefined : list(recordLength, found, index);
      },
    ],
    [0x0f00 | id, () => list(recordLength, [])],
  ];
}

/** `V3.2.8` or `3.2` as three bytes. */
function versionOf(revision: string): readonly [number, number, number] {
  const [major = 0, minor = 0, patch = 0] = (revision.match(/\d+/g) ?? []).map((part) => Math.min(255, Number(part)));
  return [major, minor, patch];
}

const IDENTIFICATION = 28;
/** 0x0011: the module, its hardware and its firmware. */
function modules({ identity }: SzlSource): ByteWriter[] {
  const order = text(identity.productCode, 20, ' ');
  const [major, minor, patch] = versionOf(identity.revision);
  const plain = (index: number): ByteWriter => new ByteWriter().u16(index).text(order).u16(0).u16(0).u16(1);
  const firmware = new ByteWriter()
    .u16(7)
    .text(text('', 20, ' '))
    .u16(0)
    .text('V')
    .u8(major)
    .u8(minor)
    .u8(patch);
  return [plain(1), plain(6), firmware];
}

const COMPONENT = 34;
/** 0x001c: names, by what they are of. */
function components(source: SzlSource): ByteWriter[] {
  const { identity } = source;
  const names: readonly [number, string][] = [
    [1, source.stationName],
    [2, identity.modelName],
    [3, source.plantName],
    [4, `Original ${identity.vendor} Equipment`],
    [5, source.serialNumber],
    [7, identity.productName],
    [8, ''],
    [9, ''],
    [10, identity.application ?? ''],
    [11, ''],
  ];
  return names.map(([index, name]) => new ByteWriter().u16(index).text(text(name, 32)));
}

const LED = 4;
const FORCED = 6;
/** 0x0019: indicators of the front. */
function indicators({ cpu }: SzlSource): ByteWriter[] {
  const lamps: readonly [number, boolean][] = [
    [1, cpu?.mode === 'faulted'],
    [4, cpu?.mode === 'running'],
    [5, cpu !== undefined && cpu.mode !== 'running'],
    [FORCED, (cpu?.forces.length ?? 0) > 0],
  ];
  return lamps.map(([index, on]) =>
    new ByteWriter()
      .u16(index)
      .u8(on ? 1 : 0)
      .u8(0),
  );
}

const COMMUNICATION = 40;
const KEY_POSITION = { run: 1, remote: 2, program: 3 } as const;
const PARTS: ReadonlyMap<number, (source: SzlSource) => ByteWriter> = new Map([
  /** General: longest PDU, connections, rates of the multi-point interface and of the communication bus (none here). */
  [0x0131_0001, ({ pduLength, connections }) => new ByteWriter().u16(1).u16(pduLength).u16(connections).u32(0).u32(0)],
  /** Protection: of the key, of the owner, in force; position of the key; kind of start. */
  [
    0x0132_0004,
    ({ cpu, protection }) =>
      new ByteWriter()
        .u16(4)
        .u16(cpu?.key === 'run' ? 2 : 1)
        .u16(protection.level)
        .u16(protection.now)
        .u16(cpu === undefined ? 0 : KEY_POSITION[cpu.key])
        .u16(2),
  ],
]);
const part =
  (id: number): Maker =>
  (source, index) => {
    const make = PARTS.get(id * 0x1_0000 + index);
    return make && list(COMMUNICATION, [make(source)], index);
  };

const RUN = 0x08;
const STOP = 0x04;
/** 0x0424: the mode that it is in. */
const mode: Maker = (source) => {
  const running = source.cpu?.mode === 'running';
  const record = new ByteWriter()
    .u16(running ? 0x4302 : 0x4304)
    .u8(0xff)
    .u8(running ? RUN : STOP);
  return list(20, [timed(record.u32(0).u32(0), source.now())]);
};

/** A time stamp behind what is written so far. */
const timed = (writer: ByteWriter, microseconds: number): ByteWriter =>
  // Behind the two bytes that only the clock's own messages have.
  writer.bytes(encodeContent({ is: 'clock', clock: clockOf(microseconds) }).subarray(2));

/** Events of the diagnostic buffer; what has none of its own is a user's entry (class B). */
const EVENTS: Readonly<Record<string, number>> = {
  'power-on': 0x4300,
  start: 0x4302,
  key: 0x4303,
  stop: 0x4304,
  fault: 0x4562,
  watchdog: 0x4568,
  download: 0xb101,
  'download-refused': 0xb102,
  force: 0xb103,
  unforce: 0xb104,
};
const OTHER_EVENT = 0xb1ff;
/** Entries of one answer. */
const MOST_ENTRIES = 100;
const DIAGNOSTIC = 20;

/** 0x00a0, newest first. */
function diagnostics(source: SzlSource, most = MOST_ENTRIES): ByteWriter[] {
  const entries = (source.cpu?.diagnostics.list() ?? []).slice(-Math.min(most, MOST_ENTRIES)).toReversed();
  return entries.map(({ id, time }) => {
    const writer = new ByteWriter()
      .u16(EVENTS[id] ?? OTHER_EVENT)
      .u8(1)
      .u8(1)
      .u32(0)
      .u32(0);
    return timed(writer, source.epochOf(time));
  });
}

const MAKERS: ReadonlyMap<number, Maker> = new Map<number, Maker>([
  [
    0x0000,
    () =>
      list(
        2,
        ids().map((id) => new ByteWriter().u16(id)),
      ),
  ],
  [0x0f00, () => list(2, [])],
  ...sublists(0x0011, IDENTIFICATION, modules),
  ...sublists(0x0019, LED, indicators),
  ...sublists(0x001c, COMPONENT, components),
  [0x0131, part(0x0131)],
  [0x0132, part(0x0132)],
  [0x0232, (source, index) => (index === 4 ? part(0x0132)(source, 4) : undefined)],
  [0x0424, mode],
  [0x00a0, (source) => list(DIAGNOSTIC, diagnostics(source))],
  [0x01a0, (source, index) => list(DIAGNOSTIC, diagnostics(source, index), index)],
  [0x0fa0, () => list(DIAGNOSTIC, [])],
]);
const ids = (): readonly number[] => [...MAKERS.keys()].toSorted((a, b) => a - b);

/** Bytes of a list, or the error that a request for it gets. */
export function systemStatusList(source: SzlSource, id: number, index: number): Uint8Array | number {
  const make = MAKERS.get(id);
  if (make === undefined) return ERROR.noSzl;
  const made = make(source, index);
  if (made === undefined) return ERROR.noSzlIndex;
  return encodeContent({ is: 'szl', id, ...made });
}
