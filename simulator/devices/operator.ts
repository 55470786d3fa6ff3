/**
 * Somebody who works at a host of the plant: writes points, reads what a controller shows, moves programs. Everything goes through the
 * host's own Modbus session, one request after the other, as their software would send it.
 */
import { type DeviceSpec, type ModbusServiceSpec, PenstockError, type PlantSpec, seconds } from '@penstock/core';
import type { Subnet } from '@penstock/protocols/ethernet';
import {
  decodeResponse,
  encodeRequest,
  PointWrite,
  RegisterMap,
  readTransaction,
  type TableName,
} from '@penstock/protocols/modbus';
import { ACTIVE_FILE, decodeHeader, programWrites, RECORDS_PER_FILE } from '@penstock/simulator/controllers';
import type { Cause, Foothold, ModbusSession, PointSession } from '@penstock/simulator/kernel';
import type { Device } from './device.ts';

/** Records of one request: FC 20 and 21 carry up to 245 and 244 bytes of data with one reference. */
const CHUNK = 116;
/** Records before the text. */
const HEADER_RECORDS = 8;
/** Text of the largest program that is worth reading, bytes. */
const LARGEST = 1_000_000;

type Done<T> = (result: T | undefined) => void;

/** Points of `target` as whoever sits at the foothold writes them: over its standing conversation with it, else by Modbus. */
export const pointSession = (foothold: Foothold, plant: PlantSpec, target: string, cause: Cause): PointSession =>
  foothold.points?.(target, cause) ?? new ModbusOperator(foothold, plant, target, cause);

export class ModbusOperator implements PointSession {
  /** Requests sent so far. */
  requests = 0;
  readonly #target: DeviceSpec;
  readonly #map: RegisterMap;
  readonly #unit: number;
  readonly #session: ModbusSession;
  readonly #cause: Cause;

  /** @throws PenstockError `operator.target` for a device without Modbus */
  constructor(foothold: Foothold, plant: PlantSpec, target: string, cause: Cause) {
    const spec = plant.devices.find((device) => device.id === target);
    const service = spec?.services.find((s): s is ModbusServiceSpec => s.protocol === 'modbus');
    if (spec === undefined || service === undefined)
      throw new PenstockError('operator.target', `'${target}' is no device with a Modbus server`);
    this.#target = spec;
    this.#map = new RegisterMap(spec.points, spec.id);
    this.#unit = service.units[0] ?? 1;
    this.#session = foothold.modbus(target);
    this.#cause = cause;
  }

  /** Writes an engineering value into the point of `tag`; `done` hears whether it was taken. @throws PenstockError `operator.point` */
  write(tag: string, value: number, done?: (accepted: boolean) => void): void {
    const entry = this.#map.entry(this.#target.points.findIndex((point) => point.tag === tag));
    if (entry === undefined)
      throw new PenstockError('operator.point', `'${this.#target.id}' has no Modbus point for '${tag}'`);
    this.#ask(new PointWrite(0, entry).set(value).request, (pdu) => done?.(pdu !== undefined));
  }

  /** Asks for the identity (43/14). */
  identify(): void {
    this.#ask(encodeRequest({ function: 43, mei: 14, access: 1, object: 0 }), () => {});
  }

  /** Reads every table once, in one block each. */
  readAll(): void {
    for (const name of ['input', 'holding', 'coil', 'discrete'] as const satisfies readonly TableName[]) {
      const { entries } = this.#map.table(name);
      const last = entries.at(-1);
      if (last !== undefined)
        this.#ask(readTransaction(0, name, 0, Math.min(last.address + last.width, 120)).request, () => {});
    }
  }

  /** Reads the controller's program over FC 20; undefined when it could not be read. */
  readProgram(done: Done<string>): void {
    this.#readRecords(HEADER_RECORDS, (bytes) => {
      const header = bytes && decodeHeader(bytes);
      if (header === undefined || header.length > LARGEST) {
        done(undefined);
        return;
      }
      this.#readRecords(HEADER_RECORDS + Math.ceil(header.length / 2), (image) => {
        const text = image?.subarray(2 * HEADER_RECORDS, 2 * HEADER_RECORDS + header.length);
        done(text && new TextDecoder().decode(text));
      });
    });
  }

  /** Writes a program into the staging area over FC 21, then the header that activates it. */
  writeProgram(text: string, done: Done<true>): void {
    const writes = programWrites(text, CHUNK);
    const next = (): void => {
      const write = writes.next();
      if (write.done) {
        done(true);
        return;
      }
      const { file, record, bytes: data } = write.value;
      this.#ask(encodeRequest({ function: 21, records: [{ file, record, data }] }), (pdu) =>
        pdu === undefined ? done(undefined) : next(),
      );
    };
    next();
  }

  /** The work is done; a session of its own is closed. */
  release(): void {
    this.#session.release();
  }

  /** The first `count` records of the active program's files. */
  #readRecords(count: number, done: Done<Uint8Array>): void {
    const bytes = new Uint8Array(count * 2);
    const next = (at: number): void => {
      if (at === count) {
        done(bytes);
        return;
      }
      const file = ACTIVE_FILE + Math.floor(at / RECORDS_PER_FILE);
      const record = at % RECORDS_PER_FILE;
      const length = Math.min(CHUNK, count - at, RECORDS_PER_FILE - record);
      this.#ask(encodeRequest({ function: 20, references: [{ file, record, length }] }), (pdu) => {
        const response = pdu && decodeResponse(pdu);
        if (response?.status !== 'ok' || response.message.function !== 20 || !('data' in response.message)) {
          done(undefined);
          return;
        }
        bytes.set(response.message.data[0] as Uint8Array, at * 2);
        next(at + length);
      });
    };
    next(0);
  }

  /** The response PDU, undefined for none or an exception. */
  #ask(pdu: Uint8Array, done: (pdu: Uint8Array | undefined) => void): void {
    this.requests++;
    this.#session.request(this.#unit, pdu, this.#cause, (reply) =>
      done(reply.outcome === 'answered' && (reply.pdu[0] as number) < 0x80 ? reply.pdu : undefined),
    );
  }
}

/** Ports that a scanner asks in a second. */
const SCAN_RATE = 20;

/** Asks every address of a subnet for every port, and hangs up on whoever answers. */
export function probePorts(from: Device, subnet: Subnet, ports: readonly number[], cause: Cause): void {
  let n = 0;
  from.attended();
  for (let address = subnet.network + 1; address < subnet.broadcast; address++)
    for (const port of ports) {
      if (from.host.owns(address)) continue;
      from.queue.in(seconds(n++ / SCAN_RATE), {
        run: () => {
          const handler = { open: () => connection.abort(), data: () => {}, closed: () => {} };
          const connection = from.host.connect(address, port, handler, { cause, timeout: seconds(3) });
        },
      });
    }
}
