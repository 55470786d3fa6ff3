import { createHash } from 'node:crypto';
import type { ProtocolEvent } from '@penstock/core';
import { describe, expect, it } from 'vitest';
import { s7commDissector } from '../index.ts';
import { IDENTITY, program, TestDevice, Wired } from './device.ts';

type Row = Record<string, unknown>;

/** A client and a server whose bytes a dissector hears. */
function overheard(pduLength: number) {
  const events: Row[] = [];
  const dissector = s7commDissector.create((event: ProtocolEvent) => events.push(event as unknown as Row));
  const device = new TestDevice();
  const wired = new Wired(device.server, { pduLength });
  for (const end of [wired.client, wired.session]) {
    const take = end.take.bind(end);
    end.take = () => {
      const bytes = take();
      if (bytes !== undefined) dissector.data(end === wired.client, 1, bytes, 0, bytes.length);
      return bytes;
    };
  }
  return { device, wired, of: (name: string) => events.filter((event) => event.name === name), dissector };
}

const hash = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('the dissector', () => {
  it.each([112, 480])('tells the hash of a program that is read and one that is loaded, PDUs of %i bytes', (pdu) => {
    const { wired, of, dissector } = overheard(pdu);
    wired.did((done) => wired.engineer.readProgram(wired.now, done));
    wired.did((done) => wired.engineer.writeProgram(program(2), wired.now, done));
    const block = { name: 's7comm_block', time: 1, is_orig: true, block_type: 'Organization Block', block_number: 1 };
    expect(of('s7comm_block')).toEqual([
      {
        ...block,
        direction: 'upload',
        filename: '_0800001A',
        length: program().length + 72,
        content_hash: hash(program()),
      },
      {
        ...block,
        direction: 'download',
        filename: '_0800001P',
        length: program().length + 72,
        content_hash: hash(program(2)),
      },
    ]);
    expect([dissector.violations, dissector.unparsedBytes]).toEqual([0, 0]);
  });

  it('tells what a controller says of itself, in however many parts', () => {
    const { wired, of } = overheard(112);
    for (const id of [0x11, 0x1c])
      wired.did<unknown>((done) => wired.engineer.ask(4, 1, { is: 'szl-request', id, index: 0 }, wired.now, done));
    expect(Object.fromEntries(of('s7comm_identity').map(({ object, value }) => [object, value]))).toEqual({
      ...{
        ProductCode: IDENTITY.productCode,
        MajorMinorRevision: 'V3.2.8',
        StationName: 'FILTERS',
        PlantName: 'WORKS',
      },
      ...{ ModelName: IDENTITY.modelName, ProductName: IDENTITY.productName, SerialNumber: 'S C-X4U421302009' },
      UserApplicationName: IDENTITY.application,
    });
  });
});
