import type { ProtocolEvent } from '@penstock/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeFirmware, firmwareDissector, makeFirmware } from './index.ts';

const device = { vendor: 'Calder Controls', productCode: 'PAC-7' };
const image = makeFirmware(device, 'V2.5');

describe('a firmware image', () => {
  it('is always the same, and says what it is for', () => {
    expect(makeFirmware(device, 'V2.5')).toEqual(image);
    const decoded = decodeFirmware(image);
    expect(decoded).toMatchObject({
      status: 'ok',
      image: {
        vendor: 'Calder Controls',
        product: 'PAC-7',
        version: 'V2.5',
        isIntact: true,
        isSigned: true,
        isGenuine: true,
      },
    });
  });

  it('that somebody altered has no signature of its vendor', () => {
    expect(decodeFirmware(makeFirmware(device, 'V2.5', 'altered'))).toMatchObject({
      status: 'ok',
      image: { isIntact: true, isSigned: false, isGenuine: false },
    });
  });

  it('says what it does otherwise than it should, of what is known', () => {
    const held = makeFirmware(device, 'V2.5', 'altered', 'hold');
    expect(decodeFirmware(held)).toMatchObject({ image: { effect: 'hold', isIntact: true } });
    expect(decodeFirmware(image)).not.toHaveProperty('image.effect');
    const other = Buffer.from(held);
    other.write('melt', other.indexOf('hold'), 'latin1');
    expect(decodeFirmware(other)).not.toHaveProperty('image.effect');
  });

  it('of another vendor is not genuine under this one’s name', () => {
    const forged = makeFirmware({ ...device, vendor: 'Calder ControlX' }, 'V2.5');
    forged[forged.indexOf('X'.charCodeAt(0))] = 's'.charCodeAt(0);
    expect(decodeFirmware(forged)).toMatchObject({
      status: 'ok',
      image: { vendor: 'Calder Controls', isGenuine: false },
    });
  });

  it('with a byte of its content changed is not intact, whoever signed it', () => {
    expect(decodeFirmware(makeFirmware(device, 'V2.5', 'corrupt'))).toMatchObject({
      image: { isIntact: false, isGenuine: true },
    });
    const changed = image.slice();
    changed[2000] = (changed[2000] as number) ^ 1;
    expect(decodeFirmware(changed)).toMatchObject({ image: { isIntact: false, isGenuine: false } });
  });

  it('is read whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.nat(image.length), fc.uint8Array({ maxLength: 40 }), (end, bytes) => {
        expect(decodeFirmware(image.subarray(0, Math.min(end, image.length - 1))).status).toBe('illegal');
        const changed = image.slice();
        changed.set(bytes, Math.min(end, image.length - bytes.length));
        decodeFirmware(changed);
        decodeFirmware(bytes);
      }),
      { numRuns: 200 },
    );
  });

  it('is known on its way, and by its hash where no byte was lost', () => {
    const hear = (gap: boolean): ProtocolEvent[] => {
      const events: ProtocolEvent[] = [];
      const dissector = firmwareDissector.create((event) => events.push(event));
      dissector.data(true, 1, image, 0, 5000);
      if (gap) dissector.gap(true, 2, 1000);
      dissector.data(true, 3, image, gap ? 6000 : 5000, image.length);
      dissector.end(4);
      return events;
    };
    const { hash } = (decodeFirmware(image) as Extract<ReturnType<typeof decodeFirmware>, { status: 'ok' }>).image;
    const about = {
      name: 'firmware_transfer',
      carrier: 'ftp-data',
      version: 'V2.5',
      length: image.length,
      signed: true,
    };
    expect(hear(false)).toMatchObject([{ ...about, content_hash: hash }]);
    expect(hear(true)).toMatchObject([{ ...about, content_hash: undefined }]);
    expect(firmwareDissector.probe(image, 0, 10, true)).toBe(0.9);
  });
});
