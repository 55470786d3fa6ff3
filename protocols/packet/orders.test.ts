import { describe, expect, it } from 'vitest';
import { encodeFragment, encodeLinkFrame } from '../dnp3/index.ts';
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
  ])('writes %s', (_, hex, port) => expect(asked(hex, port)).toBe(true));

  it.each([
    ['a read of Modbus', '0001 0000 0006 01 03 0000 0001', 502],
    ['a read of S7', '0300 001f 02f080 32 01 0000 0001 000e 0000 04 01 12 0a 10 02 0001 000a 84 000000', 102],
    ['the answer to a write of S7', '0300 0016 02f080 32 03 0000 0001 0002 0001 00 00 05 01 ff', 102],
    ['an S7 upload', '0300 0019 02f080 32 01 0000 0001 0008 0000 1d 00 0000 0000 0000 00', 102],
    ['a DNP3 read', dnp3(1), 20000],
    ['a DNP3 select', dnp3(3), 20000],
    ['a later segment of a DNP3 request', dnp3(4, 0x80), 20000],
    ['what is cut short', '0001 0000 0006 01', 502],
    ['nothing', '', 102],
    ['what only looks like Modbus at a web server', '0001 0000 0006 01 06 0000 0001', 80],
  ])('is not %s', (_, hex, port) => expect(asked(hex, port)).toBe(false));
});
