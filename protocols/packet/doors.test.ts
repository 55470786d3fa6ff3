import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeSnmp, octets } from '../snmp/index.ts';
import { readFtp, readSnmp, readTelnet } from './doors.ts';

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'));

describe('packets at doors', () => {
  it('show lines of a file drop, and no password', () => {
    const line = bytes('USER admin\r\nPASS secret9\r\n');
    const { info, field } = readFtp(line, 0, line.length);
    expect(info).toBe('USER admin');
    expect(field.children.map(({ value, start, end }) => [value, start, end])).toEqual([
      ['USER admin', 0, 12],
      ['PASS s******', 12, 26],
    ]);
  });

  it('show options and text of a console', () => {
    const segment = bytes('\xff\xfb\x01\xff\xfd\x63login: ');
    expect(readTelnet(segment, 0, segment.length)).toMatchObject({
      protocol: 'telnet',
      info: 'WILL echo; DO option 99; login: ',
    });
  });

  it('show SNMP by its objects', () => {
    const message = encodeSnmp({
      ...{ version: 2, community: 'public', type: 'response', requestId: 5, errorStatus: 0, errorIndex: 0 },
      bindings: [{ oid: [1, 3, 6, 1, 2, 1, 1, 5, 0], value: octets('pac7') }],
    });
    const { info, field } = readSnmp(message, 0, message.length);
    expect(info).toBe('response 1.3.6.1.2.1.1.5.0 = pac7');
    expect(field.children[0]).toMatchObject({
      start: 0,
      end: message.length,
      value: expect.stringContaining('community p*****'),
    });
  });

  it('are shown whatever the bytes are, each byte in one field', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (segment) => {
        for (const read of [readFtp, readTelnet, readSnmp]) {
          const { children } = read(segment, 0, segment.length).field;
          expect(children[0]?.start).toBe(0);
          expect(children.at(-1)?.end).toBe(segment.length);
          children.forEach((child, i) => {
            if (i > 0) expect(child.start).toBe(children[i - 1]?.end);
          });
        }
      }),
    );
  });
});
