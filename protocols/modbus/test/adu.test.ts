import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AduReader, decodeAdu, encodeAdu } from '../index.ts';
import { bytes, hex } from './device.ts';

function reader(): { reader: AduReader; frames: string[] } {
  const frames: string[] = [];
  return { frames, reader: new AduReader({ adu: (b, start, end) => frames.push(hex(b.subarray(start, end))) }) };
}

const ONE = '000100000006010300000001';
const TWO = '0002000000020111';

describe('Modbus TCP framing', () => {
  it('encodes and decodes a frame', () => {
    expect(hex(encodeAdu(1, 1, bytes('0300000001')))).toBe(ONE);
    expect(decodeAdu(bytes(ONE))).toEqual({ transaction: 1, protocol: 0, unit: 1, pdu: bytes('0300000001') });
    expect(decodeAdu(bytes(ONE.slice(0, -2)))).toBeUndefined();
  });

  it('takes two frames out of a chunk', () => {
    const { reader: r, frames } = reader();
    r.receive(bytes(ONE + TWO));
    expect(frames).toEqual([ONE, TWO]);
  });

  it('puts a frame together that comes byte by byte', () => {
    const { reader: r, frames } = reader();
    for (const byte of bytes(ONE + TWO)) r.receive(Uint8Array.of(byte));
    expect(frames).toEqual([ONE, TWO]);
  });

  it('delivers the same frames however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 253 }), { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 400 })),
        (pdus, cuts) => {
          const sent = pdus.map((pdu, i) => encodeAdu(i, 1, pdu));
          const stream = Buffer.concat(sent);
          const { reader: r, frames } = reader();
          let at = 0;
          for (const cut of [...cuts, stream.length]) {
            r.receive(Uint8Array.from(stream.subarray(at, at + cut)));
            at += cut;
          }
          if (at >= stream.length) expect(frames).toEqual(sent.map(hex));
        },
      ),
    );
  });

  it('skips a frame of another protocol id and goes on with the next', () => {
    const { reader: r, frames } = reader();
    r.receive(bytes(`0001000100060103000000010002000000020111`));
    expect(frames).toEqual([TWO]);
    expect(r.foreign).toBe(1);
    expect(r.broken).toBe(false);
  });

  it.each(['0001000000000103', '000100000001010300', '0001000000ff0103', '47455420202f2048'])(
    'gives up on a stream whose length field is %s',
    (text) => {
      const { reader: r, frames } = reader();
      r.receive(bytes(text));
      r.receive(bytes(ONE));
      expect(frames).toEqual([]);
      expect(r.broken).toBe(true);
    },
  );
});
