import type { Instant } from '@penstock/core';
import { parseIpv4 } from '@penstock/protocols/ethernet';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dropOf, readNflog } from './firewall-drops.ts';

/** A record as `tcpdump -i nflog:5` wrote it: a UDP datagram to 127.0.0.1:9999 that met a rule with this prefix. */
const RECORD = Buffer.from(
  `02000005 08000100 0800030d 0d000a00 6e6f2d72 756c6520 00000000 08000500 00000001 08000b00 000003e8 08000e00
   00000000 26000900 45000022 80f84000 4011bbd0 7f000001 7f000001 8aad270f 000efe21 68656c6c 6f0a0000`.replace(
    /\s/g,
    '',
  ),
  'hex',
);

const attribute = (type: number, body: Buffer): Buffer => {
  const padded = Buffer.alloc((4 + body.length + 3) & ~3);
  padded.writeUInt16LE(4 + body.length, 0);
  padded.writeUInt16LE(type, 2);
  body.copy(padded, 4);
  return padded;
};
/** A SYN from 10.0.0.9:40000 to 10.0.1.1:502. */
const SYN = Buffer.from('4500002800010000400600000a0000090a0001019c4001f600000001000000005002faf000000000', 'hex');

describe('the kernel’s drops', () => {
  it('are read from the records that tcpdump writes', () => {
    const record = readNflog(RECORD, 0, RECORD.length);
    expect(record).toMatchObject({ prefix: 'no-rule ', from: 0 });
    expect(record && dropOf(record, 'office', 7 as Instant)).toMatchObject({
      ...{ time: 7, from: 'office', source: parseIpv4('127.0.0.1'), destination: parseIpv4('127.0.0.1') },
      ...{ protocol: 17, sourcePort: 0x8aad, destinationPort: 9999, flags: 0, length: 34 },
    });
  });

  it('tell the reason, the interface, the ports and the flags of TCP', () => {
    const record = Buffer.concat([
      Buffer.from('0200002f', 'hex'),
      attribute(10, Buffer.from('no-rule\0')),
      attribute(4, Buffer.from('00000011', 'hex')),
      attribute(9, SYN),
    ]);
    const read = readNflog(record, 0, record.length);
    expect(read?.from).toBe(17);
    expect(read && dropOf(read, 'office', 0 as Instant)).toEqual({
      ...{ time: 0, reason: 'no-rule', from: 'office', cause: undefined },
      ...{ source: parseIpv4('10.0.0.9'), destination: parseIpv4('10.0.1.1'), protocol: 6 },
      ...{ sourcePort: 40_000, destinationPort: 502, flags: 2, length: 40 },
    });
  });

  it('are passed over where they are none: another family, attributes beyond the end, no packet, no whole header', () => {
    expect(readNflog(Buffer.from('0a000005', 'hex'), 0, 4)).toBeUndefined();
    expect(readNflog(Buffer.from('02000005ff000900', 'hex'), 0, 8)).toBeUndefined();
    expect(readNflog(Buffer.from('02000005', 'hex'), 0, 4)).toBeUndefined();
    expect(dropOf({ prefix: 'no-rule', from: 0, packet: SYN.subarray(0, 19) }, '', 0 as Instant)).toBeUndefined();
  });

  it('never throw, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const whole = Buffer.concat([Buffer.from('02000005', 'hex'), bytes]);
        const record = readNflog(whole, 0, whole.length);
        if (record) dropOf(record, '', 0 as Instant);
      }),
    );
  });
});
