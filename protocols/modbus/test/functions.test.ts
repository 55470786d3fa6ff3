import { describe, expect, it } from 'vitest';
import { ask, bytes, hex, IDENTITY, TestDevice, testServer, word } from './device.ts';

const text = (value: string) => hex(new TextEncoder().encode(value));
const object = (id: number, value: string) => word((id << 8) | value.length) + text(value);

describe('functions that a profile switches on', () => {
  it.each(['07', '08 0000 1234', '0b', '11'])('%s is exception 01 unless the profile has it', (request) => {
    const code = (Number.parseInt(request.slice(0, 2), 16) | 0x80).toString(16);
    expect(ask(testServer(new TestDevice()), request)).toBe(`${code}01`);
    expect(ask(testServer(new TestDevice(), { functions: [7, 8, 11, 17] }), request).slice(0, 2)).toBe(
      request.slice(0, 2),
    );
  });

  it('refuses every code that is not implemented, whatever follows', () => {
    const server = testServer(new TestDevice(), { functions: [7, 8, 11, 17] });
    const known = new Set([1, 2, 3, 4, 5, 6, 7, 8, 11, 15, 16, 17, 20, 21, 22, 23, 24, 43]);
    for (let code = 0; code < 128; code++)
      if (!known.has(code)) {
        expect(ask(server, Uint8Array.of(code))).toBe(hex(Uint8Array.of(code | 0x80, 1)));
        expect(ask(server, Uint8Array.of(code, 0, 0, 0, 1))).toBe(hex(Uint8Array.of(code | 0x80, 1)));
      }
    expect(ask(server, Uint8Array.of(0x83, 0, 0, 0, 1))).toBe('8301');
  });

  // "Serial Line only", as 7, 8, 11 and 17 are, which devices on TCP answer too; none is known that keeps the log (clause 6.10).
  it('FC 12, the communication event log of a serial line, is exception 01 and cannot be switched on', () => {
    expect(ask(testServer(new TestDevice()), '0c')).toBe('8c01');
    expect(ask(testServer(new TestDevice(), { functions: [7, 8, 11, 17] }), '0c')).toBe('8c01');
    expect(() => testServer(new TestDevice(), { functions: [12] })).toThrow('function 12 is not implemented');
  });

  it('a list with usual codes is all that a device answers', () => {
    const server = testServer(new TestDevice(), { functions: [3, 4] });
    expect(ask(server, '03 0000 0001')).toBe('03020000');
    expect(ask(server, '06 0000 0001')).toBe('8601');
    expect(ask(server, '2b 0e 01 00')).toBe('ab01');
  });

  it('a code that is not implemented is refused at construction', () => {
    expect(() => testServer(new TestDevice(), { functions: [65] })).toThrow('function 65 is not implemented');
  });

  it('FC 7 gives the exception status', () => {
    expect(ask(testServer(new TestDevice(), { functions: [7], exceptionStatus: () => 0x6d }), '07')).toBe('076d');
  });

  it('FC 17 gives the identity and whether the program runs', () => {
    let running = true;
    const server = testServer(new TestDevice(), { functions: [17], running: () => running });
    const id = text('Weir & Sons WS-340 V2.8');
    expect(ask(server, '11')).toBe(`11${(id.length / 2 + 1).toString(16)}${id}ff`);
    running = false;
    expect(ask(server, '11').slice(-2)).toBe('00');
  });

  it('FC 11 counts requests that were carried out, not exceptions and not itself', () => {
    const server = testServer(new TestDevice(), { functions: [11] });
    ask(server, '03 0000 0001');
    ask(server, '03 0000 0000');
    ask(server, '0b');
    ask(server, '06 0000 0001');
    expect(ask(server, '0b')).toBe('0b00000002');
  });
});

describe('diagnostics (FC 8)', () => {
  it('loops any data back', () => {
    const server = testServer(new TestDevice(), { functions: [8] });
    for (const data of ['', 'a537', '00112233445566']) expect(ask(server, `08 0000 ${data}`)).toBe(`080000${data}`);
  });

  it('counts, and clears its counters', () => {
    const server = testServer(new TestDevice(), { functions: [8] });
    ask(server, '03 0000 0001');
    ask(server, '03 ffff 0001');
    ask(server, '03 0000 0001', 9);
    expect(ask(server, '08 000b 0000')).toBe('08000b0004');
    expect(ask(server, '08 000e 0000')).toBe('08000e0004');
    expect(ask(server, '08 000d 0000')).toBe('08000d0001');
    for (const subfunction of ['0002', '000c', '0010', '0011', '0012'])
      expect(ask(server, `08 ${subfunction} 0000`)).toBe(`08${subfunction}0000`);
    expect(ask(server, '08 000a 0000')).toBe('08000a0000');
    expect(ask(server, '08 000d 0000')).toBe('08000d0000');
    expect(ask(server, '08 0014 0000')).toBe('0800140000');
  });

  it('in listen-only mode says and does nothing until communications restart', () => {
    const device = new TestDevice();
    const server = testServer(device, { functions: [8] });
    expect(ask(server, '08 0004 0000')).toBe('');
    expect(ask(server, '03 0000 0001')).toBe('');
    expect(ask(server, '06 0000 0007')).toBe('');
    expect(ask(server, '08 000b 0000')).toBe('');
    expect(device.written).toEqual([]);
    expect(ask(server, '08 0001 ff00')).toBe('');
    expect(ask(server, '03 0000 0001')).toBe('03020000');
    expect(ask(server, '08 0001 0000')).toBe('0800010000');
  });

  it.each([
    ['08 0005 0000', '8801'],
    ['08 0013 0000', '8801'],
    ['08 0015 0000', '8801'],
    ['08 0001 1234', '8803'],
    ['08 000b 0001', '8803'],
    ['08 000b', '8803'],
    ['08 000b 000000', '8803'],
    ['08 00', '8803'],
    ['08 0003 0a00', '0800030a00'],
  ])('%s gives %s', (request, response) => {
    expect(ask(testServer(new TestDevice(), { functions: [8] }), request)).toBe(response);
  });
});

describe('files (FC 20 and 21)', () => {
  const device = new TestDevice();
  const server = testServer(device);

  it.each([
    ['two groups', '14 0e 06 0001 0000 0002 06 0001 0009 0001', '140a050600010203' + '03061213'],
    ['the last record', '14 07 06 0001 00c7 0001', '140403068e8f'],
    [
      'as much as fits in a response',
      '14 07 06 0001 0000 0079',
      `14f4f306${hex((device.files.get(1) as Uint8Array).subarray(0, 242))}`,
    ],
    ['one record more than fits', '14 07 06 0001 0000 007a', '9403'],
    ['no group', '14 00', '9403'],
    ['a byte count that is no multiple of seven', '14 08 06 0001 0000 0001 00', '9403'],
    ['a byte count that is not that of the request', '14 0e 06 0001 0000 0001', '9403'],
    ['no records of a group', '14 07 06 0001 0000 0000', '9403'],
    ['a reference type other than 6', '14 07 05 0001 0000 0001', '9402'],
    ['file 0', '14 07 06 0000 0000 0001', '9402'],
    ['an unknown file', '14 07 06 0007 0000 0001', '9402'],
    ['records beyond the file', '14 07 06 0001 00c7 0002', '9402'],
    ['records beyond 9999', '14 07 06 0001 270f 0002', '9402'],
  ])('reading %s', (_, request, response) => {
    expect(ask(server, request)).toBe(response);
  });

  it('writing groups echoes the request and names the writer', () => {
    const request = '15 14 06 0001 0000 0002 aabb ccdd 06 0001 0064 0001 eeff'.replaceAll(' ', '');
    const fixed = request.replace('1514', `15${((request.length - 4) / 2).toString(16).padStart(2, '0')}`);
    expect(ask(server, fixed)).toBe(fixed);
    expect(device.fileWrites.map(({ file, record, bytes: data }) => [file, record, hex(data)])).toEqual([
      [1, 0, 'aabbccdd'],
      [1, 100, 'eeff'],
    ]);
    expect(device.fileWrites[0]?.writer.address).toBe('10.20.2.10');
  });

  it.each([
    ['a group longer than the request', '15 09 06 0001 0000 0002 aabb', '9503'],
    ['no records', '15 07 06 0001 0000 0000', '9503'],
    ['a byte count too small', '15 08 06 0001 0000 0001 aabb', '9503'],
    ['a cut group', '15 0b 06 0001 0000 0001 aabb 0600', '9503'],
    ['a reference type other than 6', '15 09 07 0001 0000 0001 aabb', '9502'],
    ['file 0', '15 09 06 0000 0000 0001 aabb', '9502'],
    ['an unknown file', '15 09 06 0005 0000 0001 aabb', '9502'],
    ['records beyond 9999', '15 09 06 0001 2710 0001 aabb', '9502'],
    ['records beyond what the file takes', '15 09 06 0001 00c8 0001 aabb', '9503'],
    ['a good group and one with a wrong type: nothing', '15 12 06 0001 0000 0001 aabb 05 0001 0001 0001 aabb', '9502'],
  ])('writing %s', (_, request, response) => {
    const fresh = new TestDevice();
    expect(ask(testServer(fresh), request)).toBe(response);
    expect(fresh.fileWrites).toEqual([]);
  });

  it('a device that is locked answers 04, one without files 02', () => {
    const locked = new TestDevice();
    locked.outcome = 'locked';
    expect(ask(testServer(locked), '15 09 06 0001 0000 0001 aabb')).toBe('9504');
    expect(ask(testServer(locked, { files: undefined }), '15 09 06 0001 0000 0001 aabb')).toBe('9502');
    expect(ask(testServer(locked, { files: undefined }), '14 07 06 0001 0000 0001')).toBe('9402');
  });
});

describe('FIFO queues (FC 24)', () => {
  const server = testServer(new TestDevice(), {
    fifo: (address) =>
      address === 0x4de ? [440, 4740] : address === 1 ? [] : address === 2 ? Array(32).fill(0) : undefined,
  });
  it.each([
    ['18 04de', '180006000201b81284'],
    ['18 0001', '1800020000'],
    ['18 0002', '9803'],
    ['18 0003', '9802'],
    ['18 00', '9803'],
  ])('%s gives %s', (request, response) => {
    expect(ask(server, request)).toBe(response);
  });
});

describe('device identification (FC 43/14)', () => {
  const server = testServer(new TestDevice());
  const basic = object(0, IDENTITY.vendor) + object(1, IDENTITY.productCode) + object(2, IDENTITY.revision);
  const regular =
    object(3, IDENTITY.vendorUrl) +
    object(4, IDENTITY.productName) +
    object(5, IDENTITY.modelName) +
    object(6, IDENTITY.application);

  it.each([
    ['basic', '2b 0e 01 00', `2b0e0182000003${basic}`],
    [
      'basic from object 1',
      '2b 0e 01 01',
      `2b0e0182000002${object(1, IDENTITY.productCode)}${object(2, IDENTITY.revision)}`,
    ],
    ['basic from an unknown object starts over', '2b 0e 01 55', `2b0e0182000003${basic}`],
    ['basic from an object of another category starts over', '2b 0e 01 04', `2b0e0182000003${basic}`],
    ['regular', '2b 0e 02 00', `2b0e0282000007${basic}${regular}`],
    ['extended, which it does not have, as regular', '2b 0e 03 00', `2b0e0382000007${basic}${regular}`],
    ['one object', '2b 0e 04 05', `2b0e0482000001${object(5, IDENTITY.modelName)}`],
    ['one unknown object', '2b 0e 04 07', 'ab02'],
    ['access code 0', '2b 0e 00 00', 'ab03'],
    ['access code 5', '2b 0e 05 00', 'ab03'],
    ['cut short', '2b 0e 01', 'ab03'],
    ['CANopen', '2b 0d 00', 'ab01'],
    ['another MEI type', '2b 0f 00 00', 'ab01'],
    ['no MEI type', '2b', 'ab01'],
  ])('%s', (_, request, response) => {
    expect(ask(server, request)).toBe(response);
  });

  it('leaves out objects that the device does not have', () => {
    const { vendorUrl: _, application: __, ...identity } = IDENTITY;
    const plain = testServer(new TestDevice(), { identity });
    expect(ask(plain, '2b 0e 02 00')).toBe(
      `2b0e0282000005${basic}${object(4, IDENTITY.productName)}${object(5, IDENTITY.modelName)}`,
    );
    expect(ask(plain, '2b 0e 04 03')).toBe('ab02');
  });

  it('says that more follows, and where', () => {
    const long = 'x'.repeat(120);
    const extended = new Map([
      [0x80, long],
      [0x81, long],
      [0x90, 'end'],
    ]);
    const rich = testServer(new TestDevice(), { extendedIdentity: extended });
    const collected: string[] = [];
    let next = 0;
    for (let turn = 0; turn < 10; turn++) {
      const response = bytes(ask(rich, Uint8Array.of(0x2b, 0x0e, 3, next)));
      expect(response.length).toBeLessThanOrEqual(253);
      expect(response[3]).toBe(0x83);
      let at = 7;
      for (let i = 0; i < (response[6] as number); i++) {
        collected.push(`${response[at]}:${response[at + 1]}`);
        at += 2 + (response[at + 1] as number);
      }
      expect(at).toBe(response.length);
      if (response[4] === 0) break;
      next = response[5] as number;
    }
    expect(collected).toEqual(['0:11', '1:6', '2:4', '3:20', '4:17', '5:9', '6:10', '128:120', '129:120', '144:3']);
  });
});
