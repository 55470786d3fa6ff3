import { NEVER, START } from '@penstock/core';
import { describe, expect, it } from 'vitest';
import { encodeAdu, encodeRequest, type Request } from '../index.ts';
import { ask, bytes, hex, TestDevice, testServer, word } from './device.ts';

const zeros = (count: number) => '00'.repeat(count);

describe('a Modbus server reads', () => {
  const device = new TestDevice();
  const server = testServer(device);
  device.values.fill(0);
  device.set('C0', 1);
  device.set('C9', 1);
  device.set('D12', 1);
  device.set('H0', 0x1234);
  device.set('H199', 7);
  device.set('I3', 65_535);

  it.each([
    ['one coil', '01 0000 0001', '010101'],
    ['ten coils', '01 0000 000a', '01020102'],
    ['2000 coils', '01 0000 07d0', `01fa0102${zeros(248)}`],
    ['all discrete inputs', '02 000a 000a', '02020400'],
    ['a holding register', '03 0000 0001', '03021234'],
    ['125 holding registers', '03 0000 007d', `03fa1234${zeros(248)}`],
    ['the last register before a hole', '03 00c7 0001', '03020007'],
    ['an input register', '04 0003 0001', '0402ffff'],
  ])('%s', (_, request, response) => {
    expect(ask(server, request)).toBe(response);
  });

  it.each([
    ['quantity 0', 'CC 0000 0000', '03'],
    ['quantity above the most', 'CC 0000 07d1', '03'],
    ['a request that is too short', 'CC 0000', '03'],
    ['a request that is too long', 'CC 0000 0001 00', '03'],
    ['no data at all', 'CC', '03'],
    ['an address without a point', 'CC 0bb8 0001', '02'],
    ['a block that crosses the end of the table', 'CC 07ff 0002', '02'],
    ['a block that ends beyond 65535', 'CC ffff 0002', '02'],
    ['quantity and address both wrong (quantity is looked at first)', 'CC ffff 0000', '03'],
  ])('bits: %s is refused', (_, request, exception) => {
    expect(ask(server, request.replace('CC', '01'))).toBe(`81${exception}`);
    expect(ask(server, request.replace('CC', '02'))).toBe(`82${exception}`);
  });

  it.each([
    ['quantity 0', 'CC 0000 0000', '03'],
    ['quantity 126', 'CC 0000 007e', '03'],
    ['an address without a point', 'CC 00c8 0001', '02'],
    ['a block that crosses into a hole', 'CC 00c7 0002', '02'],
    ['a block that ends beyond 65535', 'CC ffff 0002', '02'],
    ['quantity and address both wrong', 'CC ffff 007e', '03'],
  ])('registers: %s is refused', (_, request, exception) => {
    expect(ask(server, request.replace('CC', '03'))).toBe(`83${exception}`);
    expect(ask(server, request.replace('CC', '04'))).toBe(`84${exception}`);
  });

  it('2000 bits from an address where 2001 would fit, and not one more', () => {
    expect(ask(server, '01 0030 07d0').length).toBe(2 * 252);
    expect(ask(server, '01 0031 07d0')).toBe('8102');
  });
});

describe('a Modbus server writes', () => {
  /** Request, response, and what was written as `tag=value`. */
  it.each<[string, string, string, string[]]>([
    ['a coil on', '05 0001 ff00', '050001ff00', ['C1=1']],
    ['a coil off', '05 0001 0000', '0500010000', ['C1=0']],
    ['a coil with another value', '05 0001 0001', '8503', []],
    ['a coil with ff01', '05 0001 ff01', '8503', []],
    ['a coil without a point', '05 0800 ff00', '8502', []],
    ['a read-only coil', '05 0046 ff00', '8502', []],
    ['a wrong value at a wrong address', '05 0800 1234', '8503', []],
    ['a register', '06 0002 abcd', '060002abcd', ['H2=43981']],
    ['a register without a point', '06 00c8 0001', '8602', []],
    ['a read-only register', '06 0032 0001', '8602', []],
    ['a register within what it accepts', '06 003c 01f4', '06003c01f4', ['H60=500']],
    ['a register beyond what it accepts', '06 003c 01f5', '8603', []],
    ['a register, cut short', '06 0002 ab', '8603', []],
    ['ten coils', '0f 0013 000a 02 cd01', '0f0013000a', [...'1011001110'].map((bit, i) => `C${19 + i}=${bit}`)],
    ['0 coils', '0f 0013 0000 00', '8f03', []],
    ['coils with a byte count too large', '0f 0013 000a 03 cd0100', '8f03', []],
    ['coils with a byte count too small', '0f 0013 000a 01 cd', '8f03', []],
    ['coils with fewer bytes than counted', '0f 0013 000a 02 cd', '8f03', []],
    ['coils up to a read-only one', '0f 0044 0003 01 07', '8f02', []],
    ['coils across the end of the table', '0f 07fe 0003 01 07', '8f02', []],
    ['coils at a wrong address with a wrong count', '0f 0800 0000 00', '8f03', []],
    ['two registers', '10 0001 0002 04 000a 0102', '1000010002', ['H1=10', 'H2=258']],
    ['0 registers', '10 0001 0000 00', '9003', []],
    ['registers with a wrong byte count', '10 0001 0002 03 000a01', '9003', []],
    ['registers with fewer bytes than counted', '10 0001 0002 04 000a', '9003', []],
    ['registers with more bytes than counted', '10 0001 0001 02 000a 0102', '9003', []],
    ['registers across the end of the table', '10 00c7 0002 04 000a 0102', '9002', []],
    ['registers up to a read-only one', '10 0031 0002 04 000a 0102', '9002', []],
    ['registers of which the last refuses its value', '10 003b 0002 04 000a 0fff', '9003', []],
    ['a mask', '16 0004 00f2 0025', '16000400f20025', ['H4=23']],
    ['a mask without a point', '16 00c8 00f2 0025', '9602', []],
    ['a mask on a read-only register', '16 0032 00f2 0025', '9602', []],
    ['a mask, cut short', '16 0004 00f2 00', '9603', []],
    ['and reads in one', '17 0003 0002 0003 0001 02 00ff', '170400ff0012', ['H3=255']],
    ['and reads in one, reading nothing', '17 0003 0000 0003 0001 02 00ff', '9703', []],
    ['and reads in one, reading 126', '17 0003 007e 0003 0001 02 00ff', '9703', []],
    ['and reads in one, writing nothing', '17 0003 0001 0003 0000 00', '9703', []],
    ['and reads in one, with a wrong byte count', '17 0003 0001 0003 0001 04 00ff', '9703', []],
    ['and reads in one, reading where no point is', '17 00c8 0001 0003 0001 02 00ff', '9702', []],
    ['and reads in one, writing where no point is', '17 0003 0001 00c8 0001 02 00ff', '9702', []],
  ])('%s', (_, request, response, written) => {
    const device = new TestDevice();
    device.set('H4', 0x12);
    expect(ask(testServer(device), request)).toBe(response);
    expect(device.written.map(({ point, value }) => `${device.points[point]?.tag}=${value}`)).toEqual(written);
    for (const { writer } of device.written)
      expect(writer).toEqual({ protocol: 'modbus', address: '10.20.2.10', port: 50_000 });
  });

  it.each<[string, Request, number, string]>([
    ['1968 coils', { function: 15, address: 71, values: Array(1968).fill(true) }, 1968, '0f004707b0'],
    ['123 registers', { function: 16, address: 61, values: Array(123).fill(9) }, 123, '10003d007b'],
    [
      '121 registers, reading 125',
      { function: 23, readAddress: 0, readQuantity: 125, writeAddress: 61, values: Array(121).fill(9) },
      121,
      '17fa',
    ],
  ])('as many as the standard allows: %s', (_, request, count, response) => {
    const device = new TestDevice();
    expect(ask(testServer(device), encodeRequest(request)).slice(0, response.length)).toBe(response);
    expect(device.written.length).toBe(count);
  });

  it.each([
    ['1969 coils', `0f 0000 07b1 f7 ${'00'.repeat(247)}`, '8f03'],
    ['124 registers', `10 0000 007c f8 ${'00'.repeat(248)}`, '9003'],
    ['122 registers while reading', `17 0000 0001 0000 007a f4 ${'00'.repeat(244)}`, '9703'],
  ])('but not one more: %s', (_, request, response) => {
    const device = new TestDevice();
    expect(ask(testServer(device), request)).toBe(response);
    expect(device.written).toEqual([]);
  });

  it.each([
    ['read-only', '02'],
    ['range', '03'],
    ['locked', '04'],
    ['fault', '04'],
  ] as const)(
    'a device that answers %s makes exception %s, and nothing of a block is written',
    (outcome, exception) => {
      const device = new TestDevice();
      device.outcomes.set('H2', outcome);
      device.outcomes.set('C2', outcome);
      const server = testServer(device);
      expect(ask(server, '06 0002 0001')).toBe(`86${exception}`);
      expect(ask(server, '10 0001 0002 04 0001 0001')).toBe(`90${exception}`);
      expect(ask(server, '0f 0001 0002 01 03')).toBe(`8f${exception}`);
      expect(ask(server, '16 0002 0000 0001')).toBe(`96${exception}`);
      expect(ask(server, '17 0000 0001 0001 0002 04 0001 0001')).toBe(`97${exception}`);
      expect(device.written).toEqual([]);
    },
  );
});

describe('a Modbus server and 32-bit values', () => {
  it.each([
    ['uint32-big', 300, 0x0102_0304, '01020304'],
    ['uint32-little', 302, 0x0102_0304, '03040102'],
    ['int32-big', 304, -2, 'fffffffe'],
    ['int32-little', 306, -2, 'fffeffff'],
    ['float32-big', 308, 1.5, '3fc00000'],
    ['float32-little', 310, 1.5, '00003fc0'],
  ])('%s is read and written whole, and by halves', (tag, address, value, registers) => {
    const device = new TestDevice();
    const server = testServer(device);
    device.set(tag, value);
    expect(ask(server, `03 ${word(address)} 0002`)).toBe(`0304${registers}`);
    expect(ask(server, `03 ${word(address)} 0001`)).toBe(`0302${registers.slice(0, 4)}`);
    expect(ask(server, `03 ${word(address + 1)} 0001`)).toBe(`0302${registers.slice(4)}`);
    device.set(tag, 0);
    expect(ask(server, `10 ${word(address)} 0002 04 ${registers}`)).toBe(`10${word(address)}0002`);
    expect(device.value(tag)).toBe(value);
    expect(device.written.length).toBe(1);
    device.set(tag, 0);
    ask(server, `06 ${word(address)} ${registers.slice(0, 4)}`);
    ask(server, `06 ${word(address + 1)} ${registers.slice(4)}`);
    expect(device.value(tag)).toBe(value);
  });

  it('a half that is written keeps the present other half, in a block too', () => {
    const device = new TestDevice();
    device.set('uint32-big', 0x1111_2222);
    device.set('uint32-little', 0x3333_4444);
    expect(ask(testServer(device), '10 012d 0002 04 aaaa bbbb')).toBe('10012d0002');
    expect(device.value('uint32-big')).toBe(0x1111_aaaa);
    expect(device.value('uint32-little')).toBe(0x3333_bbbb);
  });

  it.each(['7fc00000', '7f800000', 'ff800000'])('refuses the float %s', (registers) => {
    const device = new TestDevice();
    expect(ask(testServer(device), `10 0134 0002 04 ${registers}`)).toBe('9003');
    expect(device.written).toEqual([]);
  });

  it('refuses a boolean register that is neither 0 nor 1', () => {
    const device = new TestDevice();
    const server = testServer(device);
    expect(ask(server, '06 0139 0002')).toBe('8603');
    expect(ask(server, '06 0139 0001')).toBe('0601390001');
  });

  it('a scaled register takes and gives engineering values, clamped to what it holds', () => {
    const device = new TestDevice();
    const server = testServer(device);
    ask(server, '06 0138 ffe2');
    expect(device.value('int16')).toBe(-3);
    for (const [value, registers] of [
      [12.34, '007b'],
      [4000, '7fff'],
      [-4000, '8000'],
      [Number.NaN, '8000'],
    ] as const) {
      device.set('int16', value);
      expect(ask(server, '03 0138 0001')).toBe(`0302${registers}`);
    }
  });
});

describe('a Modbus connection', () => {
  const request = (id: number, pdu: string, unit = 1) => encodeAdu(id, unit, bytes(pdu));

  it('answers pipelined requests in order, in one piece', () => {
    const device = new TestDevice();
    const session = testServer(device).session('10.20.2.10', 50_001);
    session.receive(
      Buffer.concat([request(7, '06 0000 0005'), request(8, '03 0000 0001'), request(9, '06 0000 0006')]),
      START,
    );
    expect(hex(session.take() as Uint8Array)).toBe(
      '000700000006010600000005' + '0008000000050103020005' + '000900000006010600000006',
    );
    expect(session.take()).toBeUndefined();
    expect(session.due()).toBe(NEVER);
    expect(device.written.map(({ writer }) => writer.port)).toEqual([50_001, 50_001]);
  });

  it('carries nothing out of a frame that is not whole', () => {
    const device = new TestDevice();
    const session = testServer(device).session('10.20.2.10', 50_001);
    const frame = request(7, '06 0000 0005');
    for (const byte of frame.subarray(0, -1)) {
      session.receive(Uint8Array.of(byte), START);
      expect(session.take()).toBeUndefined();
    }
    expect(device.written).toEqual([]);
    session.receive(frame.subarray(-1), START);
    expect(device.written.length).toBe(1);
  });

  it('ends when the stream cannot be followed, and does nothing more', () => {
    const device = new TestDevice();
    const session = testServer(device).session('10.20.2.10', 50_001);
    session.receive(bytes('0001 0000 0000 01 06 0000 0005'), START);
    expect(session.closing).toBe(true);
    session.receive(request(1, '06 0000 0005'), START);
    expect(session.take()).toBeUndefined();
    expect(device.written).toEqual([]);
  });

  it('skips frames of another protocol id', () => {
    const device = new TestDevice();
    const session = testServer(device).session('10.20.2.10', 50_001);
    session.receive(bytes('0001 0001 0006 01 06 0000 0005'), START);
    expect(session.take()).toBeUndefined();
    expect([session.closing, session.foreign, device.written.length]).toEqual([false, 1, 0]);
  });

  it('answers a unit that it is not as a gateway would, or not at all', () => {
    const device = new TestDevice();
    expect(ask(testServer(device), '03 0000 0001', 9)).toBe('830b');
    expect(ask(testServer(device, { unknownUnit: 'silent' }), '03 0000 0001', 9)).toBe('');
    expect(ask(testServer(device, { units: [9] }), '03 0000 0001', 9)).toBe('03020000');
    expect(ask(testServer(device), '06 0000 0001', 0)).toBe('860b');
    expect(device.written.length).toBe(0);
  });

  it('ends rather than hold answers that nobody takes', () => {
    const session = testServer(new TestDevice()).session('10.20.2.10', 50_001);
    const many = Buffer.concat(Array.from({ length: 5000 }, (_, i) => request(i & 0xffff, '03 0000 007d')));
    session.receive(many, START);
    expect(session.closing).toBe(false);
    for (let i = 0; i < 4; i++) session.receive(many, START);
    expect(session.closing).toBe(true);
    expect((session.take() as Uint8Array).length).toBeLessThan(5 << 20);
  });

  it('counts what it did', () => {
    const session = testServer(new TestDevice()).session('10.20.2.10', 50_001);
    session.receive(Buffer.concat([request(1, '03 0000 0001'), request(2, '03 ffff 0001')]), START);
    expect(session.counters).toEqual({ requests: 2, exceptions: 1, unanswered: 0 });
  });
});
