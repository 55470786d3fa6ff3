import type { PacketField, PointSpec } from '@penstock/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  allOf,
  encodeFragment,
  encodeLinkFrame,
  FUNCTION,
  IIN,
  indexed,
  latch,
  segment,
  valuesFrom,
} from '../dnp3/index.ts';
import { RegisterMap } from '../modbus/index.ts';
import { NO_CONTEXT, type PacketContext, readPacket } from './index.ts';
import { bytesOf, checkPlaces, frame, places, walk } from './test/frames.ts';

const read = (bytes: Uint8Array, context: PacketContext = NO_CONTEXT) => readPacket(bytes, 0, bytes.length, context);

const points = [
  {
    tag: 'AIC301_SP',
    writable: true,
    modbus: { table: 'holding', address: 4, type: 'float32', wordOrder: 'big', scale: 1 },
  },
  {
    tag: 'LIT101',
    writable: false,
    modbus: { table: 'holding', address: 6, type: 'uint16', wordOrder: 'big', scale: 0.01 },
  },
  { tag: 'P101', writable: true, modbus: { table: 'coil', address: 9, type: 'bool', wordOrder: 'big', scale: 1 } },
] as unknown as PointSpec[];
const map = new RegisterMap(points);
const known = (request?: string): PacketContext => ({
  ...NO_CONTEXT,
  name: (address) => (address === '10.0.0.2' ? 'dosing-plc' : undefined),
  point: (_server, table, address) => {
    const slot = map.table(table).slot(address);
    const entry = slot < 0 ? undefined : map.table(table).entries[slot >> 1];
    return entry && { entry, unit: entry.tag === 'P101' ? '' : 'mg/L' };
  },
  request: () => (request === undefined ? undefined : bytesOf(request)),
});
const tagged = (tree: readonly PacketField[]) =>
  walk(tree).flatMap(({ tag, value, start, end }) => (tag === null ? [] : [[tag, value, start, end]]));

describe('a packet', () => {
  it('that writes says what is written, where and in which unit', () => {
    const packet = read(frame(bytesOf('1234 0000 000b 01 10 0004 0002 04 41310000'), 50000, 502), known());
    expect([packet.protocol, packet.info, packet.tags]).toEqual([
      'modbus',
      'WRITE_MULTIPLE_REGISTERS 4–5 AIC301_SP = 11.0625 mg/L',
      ['AIC301_SP'],
    ]);
    expect(tagged(packet.tree)).toEqual([['AIC301_SP', 'AIC301_SP = 11.0625 mg/L', 67, 71]]);
    expect(walk(packet.tree).find(({ name, value }) => name === 'Destination' && value.includes('dosing'))?.value).toBe(
      '10.0.0.2 (dosing-plc)',
    );
  });

  it('that answers is read with the request that it answers', () => {
    const answer = frame(bytesOf('0001 0000 0009 01 03 06 41000000 00fa'), 502, 50000);
    const packet = read(answer, known('03 0004 0003'));
    expect(packet.info).toBe('READ_HOLDING_REGISTERS 4–6');
    expect(tagged(packet.tree).map(([, value]) => value)).toEqual(['AIC301_SP = 8 mg/L', 'LIT101 = 2.5 mg/L']);
    expect(read(answer, known()).info).toBe('READ_HOLDING_REGISTERS (request not seen)');
    expect(tagged(read(answer, known()).tree)).toEqual([]);
  });

  it('names coils bit by bit, exceptions and identities', () => {
    const coils = read(frame(bytesOf('0001 0000 0004 01 01 01 02'), 502, 50000), known('01 0008 0003'));
    expect(tagged(coils.tree).map(([, value]) => value)).toEqual(['P101 = 1']);
    expect(read(frame(bytesOf('0001 0000 0006 01 05 0009 ff00'), 50000, 502), known()).info).toBe(
      'WRITE_SINGLE_COIL 9 P101 = 1',
    );
    expect(read(frame(bytesOf('0001 0000 0003 01 86 02'), 502, 50000)).info).toBe(
      'WRITE_SINGLE_REGISTER_EXCEPTION: ILLEGAL_DATA_ADDRESS',
    );
    const identity = bytesOf('0001 0000 000e 01 2b 0e 01 01 00 00 01 00 04 41636d65');
    expect(read(frame(identity, 502, 50000)).info).toBe('READ_DEVICE_IDENTIFICATION Acme');
  });

  it('holds several messages, and a part of one', () => {
    const two = read(
      frame(bytesOf('0001 0000 0006 01 03 0004 0001 0002 0000 0006 01 06 0006 00fa 0003 00'), 50000, 502),
      known(),
    );
    expect(two.info).toBe('READ_HOLDING_REGISTERS 4–4; WRITE_SINGLE_REGISTER 6 LIT101 = 2.5 mg/L');
    expect(two.tree.at(-1)?.children.at(-1)?.name).toBe('Part of a message');
  });

  it('of the services says its line', () => {
    const line = new TextEncoder().encode('<132>1 2026-03-02T09:00:00.000Z plc fw - drop - dropped');
    const syslog = read(frame(line, 514, 514, 17));
    expect([syslog.protocol, syslog.tree.at(-1)?.children[0]?.value]).toEqual(['syslog', 'LOCAL0.WARNING']);
    const http = read(frame(new TextEncoder().encode('GET /values HTTP/1.1\r\nHost: a\r\n\r\n'), 50000, 80));
    expect([http.protocol, http.info]).toEqual(['http', 'GET /values HTTP/1.1']);
    const arp = bytesOf(
      'ffffffffffff 020000000001 0806 0001 0800 06 04 0002 020000000001 0a000001 020000000002 0a000002',
    );
    expect(read(arp).info).toBe('10.0.0.1 is at 02:00:00:00:00:01');
  });
});

it('whatever the bytes, reading does not throw and every field lies within the frame and its parent', () => {
  const ports = fc.constantFrom(502, 53, 123, 514, 80, 50000);
  const random = fc.uint8Array({ maxLength: 200 });
  const framed = fc
    .tuple(fc.uint8Array({ maxLength: 120 }), ports, ports, fc.constantFrom(6, 17, 1, 47))
    .map(([payload, from, to, protocol]) => frame(payload, from, to, protocol));
  const cut = fc.tuple(framed, fc.nat(160)).map(([bytes, length]) => bytes.subarray(0, length));
  const modbus = fc
    .tuple(fc.uint8Array({ minLength: 1, maxLength: 60 }), fc.boolean())
    .map(([pdu, up]) =>
      frame(Uint8Array.of(0, 1, 0, 0, 0, pdu.length + 1, 1, ...pdu), up ? 50000 : 502, up ? 502 : 50000),
    );
  fc.assert(
    fc.property(fc.oneof(random, framed, cut, modbus), fc.boolean(), (bytes, withRequest) => {
      checkPlaces(read(bytes, known(withRequest ? '03 0004 0010' : undefined)).tree, 0, bytes.length);
    }),
    { numRuns: 3000 },
  );
});

describe('a DNP3 packet', () => {
  const control = { fir: true, fin: true, con: false, uns: false, seq: 3 };
  const link = {
    control: { dir: false, prm: true, fcb: false, fcv: false, function: 4 },
    source: 10,
    destination: 1,
  } as const;
  const values = valuesFrom(
    30,
    2,
    4,
    [1, 2, -300, 4].map((value) => ({ type: 'analog', value, flags: 1 })),
  );
  const fragment = encodeFragment({
    control,
    function: FUNCTION.response,
    iin: IIN.deviceRestart,
    objects: [values, allOf(60, 1)],
  });
  const wire = (bytes: Uint8Array) => encodeLinkFrame({ ...link, payload: (segment(bytes, 0) as [Uint8Array])[0] });

  it('says who tells whom what, each part at its place between the checksums', () => {
    const packet = read(frame(wire(fragment), 20000, 40000));
    expect([packet.protocol, packet.info]).toEqual(['dnp3', '10 → 1 RESPONSE g30v2 4–7, g60v1 deviceRestart']);
    expect(places(packet.tree)).toMatchObject({
      'Analog 4': ['1', 20, 23],
      'Analog 7': ['4', 31, 34],
      Control: ['UNCONFIRMED_USER_DATA, from the outstation', 3, 4],
      Function: ['RESPONSE', 12, 13],
      Indications: ['0x8000 deviceRestart', 13, 15],
      // From the sixth octet of the first block over its checksum into the second.
      'g30v2 Analog input, i16 flag': ['4: 1, 5: 2, 6: -300, 7: 4', 15, 34],
      'g60v1 Class objects, class 0': ['all', 34, 37],
    });
  });

  it('names points of outstations that are known, bits and commands too', () => {
    const points: Record<string, string> = { 'analog 5': 'LIT601', 'binary 9': 'XS711', 'binary-output 2': 'HS711' };
    const context: PacketContext = {
      ...NO_CONTEXT,
      dnp3Point: (outstation, kind, index) => {
        const tag = outstation === 10 ? points[`${kind} ${index}`] : undefined;
        return tag === undefined ? undefined : { tag, unit: tag === 'LIT601' ? 'm' : '', scale: 0.01, offset: 1 };
      },
    };
    const analog = read(frame(wire(fragment), 20000, 40000), context);
    expect([analog.tags, places(analog.tree)['Analog 5']]).toEqual([['LIT601'], ['LIT601 = 1.02 m', 23, 26]]);

    const bits = valuesFrom(
      1,
      1,
      0,
      Array.from({ length: 10 }, (_, i) => ({ type: 'binary', value: i === 9 })),
    );
    const packed = encodeFragment({ control, function: FUNCTION.response, iin: 0, objects: [bits] });
    const binary = read(frame(wire(packed), 20000, 40000), context);
    expect(places(binary.tree)).toMatchObject({ 'Binary 0': ['false', 20, 21], 'Binary 9': ['XS711 = 1', 21, 22] });

    const block = indexed(12, 1, [{ index: 2, value: latch(true) }]);
    const operate = encodeFragment({ control, function: FUNCTION.directOperate, iin: undefined, objects: [block] });
    const bytes = encodeLinkFrame({
      ...{ control: { ...link.control, dir: true }, source: 1, destination: 10 },
      payload: (segment(operate, 0) as [Uint8Array])[0],
    });
    const command = read(frame(bytes, 40000, 20000), context);
    expect([command.tags, command.info]).toEqual([
      ['HS711'],
      '1 → 10 DIRECT_OPERATE g12v1 HS711: operation 3, trip/close 0, 1 ×, 0/0 ms, status 0',
    ]);
  });

  it('with two frames says both, on any port', () => {
    const status = encodeLinkFrame({
      ...{ control: { dir: true, prm: true, fcb: false, fcv: false, function: 9 }, source: 1, destination: 10 },
      payload: new Uint8Array(0),
    });
    const packet = read(frame(Uint8Array.of(...status, ...wire(fragment)), 4444, 5555));
    expect(packet.info).toBe('1 → 10 REQUEST_LINK_STATUS; 10 → 1 RESPONSE g30v2 4–7, g60v1 deviceRestart');
    expect(read(frame(status, 20000, 20000, 17)).info).toBe('1 → 10 REQUEST_LINK_STATUS');
  });

  it('that is broken says where and why', () => {
    const short = read(frame(wire(fragment.subarray(0, fragment.length - 5)), 20000, 40000));
    expect(places(short.tree)['g30v2 Analog input, i16 flag']?.[0]).toBe('4: 1, 5: 2, 6: -300 (illegal: truncated)');
    const odd = read(frame(wire(Uint8Array.of(...fragment, 1, 2, 0x0a)), 20000, 40000));
    expect(places(odd.tree)['Cannot be read']).toEqual(['illegal: qualifier', 37, 40]);
    const damaged = wire(fragment);
    damaged[12] = 0;
    expect(read(frame(damaged, 20000, 40000)).info).toBe('a frame with a wrong checksum');
    expect(read(frame(wire(fragment).subarray(0, 20), 20000, 40000)).info).toBe('the first 20 of 39 bytes of a frame');
  });

  it('never makes reading throw, whatever stands behind checksums that hold', () => {
    const spoilt = fc.array(fc.tuple(fc.nat(fragment.length - 1), fc.nat(255)), { maxLength: 6 });
    fc.assert(
      fc.property(spoilt, fc.nat(fragment.length), (changes, cut) => {
        const bytes = Uint8Array.from(fragment);
        for (const [at, value] of changes) bytes[at] = value;
        const packet = frame(wire(bytes.subarray(0, Math.max(1, cut))), 20000, 40000);
        checkPlaces(read(packet).tree, 0, packet.length);
      }),
      { numRuns: 300 },
    );
  });
});
