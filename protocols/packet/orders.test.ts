import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeFragment, encodeLinkFrame } from '../dnp3/index.ts';
import { encodePacket } from '../mqtt/index.ts';
import { encodeSnmp, type PduType } from '../snmp/index.ts';
import { isOrder } from './orders.ts';
import { bytesOf } from './test/frames.ts';

const asked = (hex: string, port: number) =>
  isOrder(bytesOf(hex.replaceAll(' ', '')), 0, hex.replaceAll(' ', '').length / 2, port);

/** A DNP3 request of one fragment, without objects. */
function dnp3(functionCode: number, transport = 0xc0): string {
  const control = { fir: true, fin: true, con: false, uns: false, seq: 0 };
  const fragment = encodeFragment({ control, function: functionCode, objects: [] });
  const payload = Uint8Array.of(transport, ...fragment);
  const link = { dir: true, prm: true, fcb: false, fcv: false, function: 4 } as const;
  return Buffer.from(encodeLinkFrame({ control: link, destination: 11, source: 1, payload })).toString('hex');
}

const hexOf = (bytes: Uint8Array | string): string => Buffer.from(bytes).toString('hex');

/** A request of OPC UA without its body; `id` is the number of its encoding. */
function opcua(id: number, type = '4d534746'): string {
  const number = Buffer.alloc(2);
  number.writeUInt16LE(id);
  return `${type} 20000000 01000000 01000000 05000000 07000000 0100 ${number.toString('hex')} 00000000`;
}

/** A confirmed request of BACnet/IP with a Boolean behind it. */
function bacnet(service: string, pdu = '00 05 01'): string {
  const behind = `01 04 ${pdu} ${service} 11`;
  const size = 4 + behind.replaceAll(' ', '').length / 2;
  return `81 0a 00 ${size.toString(16).padStart(2, '0')} ${behind}`;
}

const publish = (topic: string): Uint8Array =>
  encodePacket({ type: 'publish', topic, payload: new Uint8Array(4), qos: 1, retain: false, dup: false, id: 9 }, 4);

const snmp = (type: PduType): string =>
  hexOf(
    encodeSnmp({
      ...{ version: 2, community: 'private', type, requestId: 1, errorStatus: 0, errorIndex: 0 },
      bindings: [{ oid: [1, 3, 6, 1, 2, 1, 1, 5, 0], value: { type: 'octets', value: new Uint8Array(3) } }],
    }),
  );

const post = (type: string): string =>
  hexOf(`POST /setpoint HTTP/1.1\r\nHost: plc\r\nContent-Type: ${type}\r\n\r\nvalue=9`);

describe('an order', () => {
  it.each([
    ['a register of Modbus', '0001 0000 0006 01 06 0000 0001', 502],
    [
      'variables of S7',
      '0300 0024 02f080 32 01 0000 0001 000e 0005 05 01 12 0a 10 02 0001 000a 84 000000 00 04 0008 00',
      102,
    ],
    ['a download of S7', '0300 0019 02f080 32 01 0000 0001 0008 0000 1a 00 0000 0000 0000 00', 102],
    ['a stop of S7', '0300 0021 02f080 32 01 0000 0001 0010 0000 29 0000000000 09 505f50524f4752414d', 102],
    ['an operate of DNP3', dnp3(4), 20000],
    ['a direct operate of DNP3 at another port', dnp3(5), 40000],
    ['a node of OPC UA', opcua(673), 4840],
    ['by a method of OPC UA at another port', opcua(712), 48_010],
    ['new nodes of OPC UA', opcua(488), 4840],
    ['the first chunk of a long write of OPC UA', opcua(673, '4d534743'), 4840],
    ['a property of BACnet', bacnet('0f'), 47_808],
    ['many properties of BACnet, in segments', bacnet('10', '08 05 01 00 04'), 47_808],
    ['a restart of BACnet', bacnet('14'), 47_808],
    ['a silence of BACnet, over a router', '81 0a 0012 01 24 0007 01 0a ff 00 05 01 11 0a 001e', 47_808],
    ['a command of Sparkplug', hexOf(publish('spBv1.0/works/DCMD/gateway/tank')), 1883],
    ['a command of some maker behind an acknowledgement', `4002 0001 ${hexOf(publish('tank/valve/set'))}`, 1883],
    ['an object of SNMP', snmp('set-request'), 161],
    ['a file drop', hexOf('STOR recipe.csv\r\n'), 21],
    ['a form of a device’s page', post('application/x-www-form-urlencoded'), 80],
    ['firmware on a device’s page', post('multipart/form-data; boundary=x'), 80],
  ])('writes %s', (_, hex, port) => expect(asked(hex, port)).toBe(true));

  it.each([
    ['a read of Modbus', '0001 0000 0006 01 03 0000 0001', 502],
    ['a read of S7', '0300 001f 02f080 32 01 0000 0001 000e 0000 04 01 12 0a 10 02 0001 000a 84 000000', 102],
    ['the answer to a write of S7', '0300 0016 02f080 32 03 0000 0001 0002 0001 00 00 05 01 ff', 102],
    ['an S7 upload', '0300 0019 02f080 32 01 0000 0001 0008 0000 1d 00 0000 0000 0000 00', 102],
    ['a DNP3 read', dnp3(1), 20000],
    ['a DNP3 select', dnp3(3), 20000],
    ['a later segment of a DNP3 request', dnp3(4, 0x80), 20000],
    ['a read of OPC UA', opcua(631), 4840],
    ['an answer of OPC UA', opcua(676), 4840],
    ['a close of OPC UA', opcua(673, '434c4f46'), 4840],
    ['a cut write of OPC UA', opcua(673).slice(0, 58), 4840],
    ['a read of BACnet', bacnet('0c'), 47_808],
    ['the answer to a write of BACnet', '81 0a 0009 01 00 20 05 0f', 47_808],
    ['a later segment of a write of BACnet', bacnet('10', '08 05 01 01 04'), 47_808],
    ['a message of BACnet’s network', '81 0b 0007 01 80 00', 47_808],
    ['a reading of Sparkplug', hexOf(publish('spBv1.0/works/DDATA/gateway/set')), 1883],
    ['a reading of some maker', hexOf(publish('tank/level')), 1883],
    ['a subscription to commands', '820d 0001 0008 2b2f636f6d6d616e 64', 1883],
    ['a read of SNMP', snmp('get-request'), 161],
    ['a file that is fetched', hexOf('RETR recipe.csv\r\n'), 21],
    ['values that a program pushes', post('application/json'), 80],
    ['a page', hexOf('GET /setpoint HTTP/1.1\r\nHost: plc\r\n\r\n'), 80],
    ['what is cut short', '0001 0000 0006 01', 502],
    ['nothing', '', 102],
    ['what only looks like Modbus at a web server', '0001 0000 0006 01 06 0000 0001', 80],
  ])('is not %s', (_, hex, port) => expect(asked(hex, port)).toBe(false));
});

it('whatever the bytes, asking does not throw', () => {
  const ports = fc.constantFrom(502, 102, 20_000, 4840, 47_808, 1883, 161, 21, 80, 50_000);
  const beginnings = fc.constantFrom('', '4d534746', '810a', '32', '300102', '0564').map(bytesOf);
  fc.assert(
    fc.property(beginnings, fc.uint8Array({ maxLength: 60 }), ports, fc.nat(4), (first, rest, port, skip) => {
      const bytes = Uint8Array.of(...first, ...rest);
      expect(typeof isOrder(bytes, Math.min(skip, bytes.length), bytes.length, port)).toBe('boolean');
    }),
  );
});
