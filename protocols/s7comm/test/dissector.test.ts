import type { ProtocolEvent } from '@penstock/core';
import { describe, expect, it } from 'vitest';
import { Dice } from '../../exchange/test/dice.ts';
import { encodeCotp, encodeS7, encodeTpkt, type S7Message, s7commDissector, tsapOf } from '../index.ts';
import { randomMessage } from './fuzz.ts';

type Row = Record<string, unknown>;
const FRAMES = process.env.PENSTOCK_PROVE === '1' ? 1_000_000 : 20_000;

function watch() {
  const events: Row[] = [];
  const dissector = s7commDissector.create((event: ProtocolEvent) => events.push(event as unknown as Row));
  const feed = (fromOriginator: boolean, data: Uint8Array, time = 0): void =>
    dissector.data(fromOriginator, time, data, 0, data.length);
  return { dissector, events, feed, of: (name: string) => events.filter((event) => event.name === name) };
}

const dataPacket = (data: Uint8Array, endOfMessage = true): Uint8Array =>
  encodeTpkt(encodeCotp({ type: 'data', endOfMessage, number: 0, data }));

const WRITE: S7Message = {
  rosctr: 'job',
  reference: 0x0900,
  body: {
    function: 'write',
    items: [{ syntax: 'any', transportSize: 5, count: 2, db: 3, area: 0x84, address: 32 }],
    data: [{ code: 0, transport: 4, bytes: Uint8Array.of(0xff, 0xfe, 0, 7) }],
  },
};
const ITEM = {
  ...{ name: 's7comm_items', is_orig: true, pdu_reference: 9, function_name: 'Write Variable', item: 0, items: 1 },
  ...{ area: 'DB', db: 3, address: 'DB3.DBX4.0', type: 'INT', quantity: 2, values: [-2, 7] },
};

describe('the S7comm dissector', () => {
  it('joins what is written with its result', () => {
    const { feed, of, dissector } = watch();
    feed(true, dataPacket(encodeS7(WRITE)), 10);
    feed(
      false,
      dataPacket(
        encodeS7({ rosctr: 'ack-data', reference: 0x0900, error: 0, body: { function: 'write', codes: [3] } }),
      ),
      20,
    );
    expect(of('s7comm_items')).toEqual([
      { ...ITEM, time: 20, return_code: '0x03', return_code_name: 'Accessing the object not allowed', matched: true },
    ]);
    expect([dissector.violations, dissector.unparsedBytes]).toEqual([0, 0]);
  });

  it('tells a write that stays unanswered when the connection ends', () => {
    const { feed, of, dissector } = watch();
    feed(true, dataPacket(encodeS7(WRITE)), 10);
    dissector.end(30);
    expect(of('s7comm_items')).toEqual([
      { ...ITEM, time: 30, return_code: undefined, return_code_name: undefined, matched: false },
    ]);
  });

  it('puts a message together from fragments, whatever way the segments are cut', () => {
    const whole = encodeS7(WRITE);
    const stream = [...dataPacket(whole.subarray(0, 11), false), ...dataPacket(whole.subarray(11))];
    const { feed, of, dissector } = watch();
    for (const byte of stream) feed(true, Uint8Array.of(byte));
    expect(of('s7comm').length).toBe(1);
    expect(of('cotp').length).toBe(2);
    expect(dissector.violations).toBe(0);
  });

  it('goes on behind a gap and says what was torn', () => {
    const { feed, of, dissector } = watch();
    feed(true, dataPacket(encodeS7(WRITE)).subarray(0, 20));
    dissector.gap(true, 1, 30);
    feed(true, dataPacket(encodeS7(WRITE)), 2);
    expect(of('s7comm').length).toBe(1);
    expect(of('s7comm_violation')).toEqual([
      { name: 's7comm_violation', time: 1, is_orig: true, layer: 'tpkt', reason: 'truncated' },
    ]);
    expect(dissector.unparsedBytes).toBe(20);
  });

  it('is recognised by content, and remote desktops on the same transport are not', () => {
    const probe = (bytes: Uint8Array): number | undefined => s7commDissector.probe(bytes, 0, bytes.length, true);
    const connection = {
      ...{ type: 'connection-request' as const, destinationReference: 0, sourceReference: 1, classOption: 0 },
      ...{ tpduSize: 10, callingTsap: tsapOf(1, 0, 0) },
    };
    expect(probe(dataPacket(encodeS7(WRITE)))).toBeGreaterThan(0.9);
    expect(probe(encodeTpkt(encodeCotp({ ...connection, calledTsap: tsapOf(1, 0, 2) })))).toBeGreaterThan(0.5);
    expect(probe(encodeTpkt(encodeCotp({ ...connection, callingTsap: undefined, calledTsap: undefined })))).toBe(0);
    expect(probe(dataPacket(Uint8Array.of(0x60, 1, 2)))).toBe(0);
    expect(probe(Uint8Array.of(3, 0, 0))).toBeUndefined();
    expect(probe(Uint8Array.of(0, 1, 0, 0, 0, 6, 1, 3))).toBe(0);
  });

  it(`takes ${FRAMES} random and broken packets without an exception, and tells the next one right`, {
    timeout: 900_000,
  }, () => {
    const dice = new Dice(7);
    let count = 0;
    const events: Row[] = [];
    const dissector = s7commDissector.create((event: ProtocolEvent) => {
      count++;
      events.push(event as unknown as Row);
      if (events.length > 1000) events.length = 0;
    });
    for (let i = 0; i < FRAMES; i++) {
      // Jobs of all functions and user data of all groups, of the server as of the client; every part of them may be damaged.
      const message = dice.below(4) === 0 ? encodeS7(WRITE) : randomMessage(dice, i);
      const bytes = dataPacket(message, dice.below(50) !== 0);
      for (let n = dice.below(3); n > 0; n--) bytes[dice.below(bytes.length)] = dice.below(256);
      const fromOriginator = dice.below(2) === 0;
      if (!fromOriginator && bytes[8] === 1 && dice.below(2) === 0) bytes[8] = 3;
      dissector.data(fromOriginator, i, bytes, 0, dice.below(10) === 0 ? dice.below(bytes.length) : bytes.length);
      if (dice.below(200) === 0) dissector.gap(dice.below(2) === 0, i, dice.below(100));
    }
    expect(count).toBeGreaterThan(FRAMES / 2);
    expect(dissector.violations).toBeGreaterThan(FRAMES / 100);
    for (const isOrig of [true, false]) dissector.gap(isOrig, FRAMES, 10);
    events.length = 0;
    const sent = dataPacket(encodeS7(WRITE));
    dissector.data(true, FRAMES, sent, 0, sent.length);
    expect(events.filter(({ name }) => name === 's7comm').length).toBe(1);
    dissector.end(FRAMES);
    expect(events.filter(({ name }) => name === 's7comm_items').at(-1)).toMatchObject({ ...ITEM, matched: false });
  });
});
