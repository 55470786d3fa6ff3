import { type Instant, milliseconds, type PointSpec } from '@penstock/core';
import { encodeRequest, encodeResponse, RegisterMap, type Request, type Response } from '@penstock/protocols/modbus';
import type { InterposedPacket } from '@penstock/simulator/kernel';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ModbusRelay, type RelayOptions } from '../verbs/relay.ts';

const POINTS = [
  { tag: 'AIT1', writable: false, modbus: { table: 'input', address: 0, type: 'float32', wordOrder: 'big', scale: 1 } },
  { tag: 'AIT2', writable: false, modbus: { table: 'input', address: 2, type: 'uint16', wordOrder: 'big', scale: 1 } },
  { tag: 'AIT3', writable: false, modbus: { table: 'input', address: 3, type: 'uint16', wordOrder: 'big', scale: 1 } },
  { tag: 'XS1', writable: false, modbus: { table: 'coil', address: 0, type: 'bool', wordOrder: 'big', scale: 1 } },
  { tag: 'XS2', writable: false, modbus: { table: 'coil', address: 1, type: 'bool', wordOrder: 'big', scale: 1 } },
] as unknown as PointSpec[];
const SERVER = 0x0a09010d;
const CLIENT = 0x0a09020a;
const map = new RegisterMap(POINTS, 'plc');
const entry = (tag: string) =>
  map.entry(POINTS.findIndex((p) => p.tag === tag)) as NonNullable<ReturnType<typeof map.entry>>;

function stage(what: { replay?: string[]; change?: [string, number][] }, options: Partial<RelayOptions> = {}) {
  const seen: [string, number][] = [];
  const relay = new ModbusRelay(
    [
      {
        address: SERVER,
        port: 502,
        map,
        replay: (what.replay ?? []).map(entry),
        change: (what.change ?? []).map(([tag, value]) => ({ entry: entry(tag), value })),
      },
    ],
    { seen: (tag, value) => void seen.push([tag, value]), ...options },
  );
  let now = 0;
  const pass = (bytes: Uint8Array, fromServer: boolean) => {
    now += 1000;
    const buffer = Uint8Array.of(...new Uint8Array(20), ...bytes, 0xee);
    const packet: InterposedPacket = {
      buffer,
      payload: 20,
      end: 20 + bytes.length,
      protocol: 6,
      source: fromServer ? SERVER : CLIENT,
      destination: fromServer ? CLIENT : SERVER,
      sourcePort: fromServer ? 502 : 49_152,
      destinationPort: fromServer ? 49_152 : 502,
      fromFirst: !fromServer,
      changed: false,
      delay: 0 as never,
    };
    const passed = relay.packet(packet, now as Instant);
    return { passed, changed: packet.changed, delay: packet.delay, bytes: buffer.slice(20, -1) };
  };
  const frame = (id: number, pdu: Uint8Array) =>
    Uint8Array.of(id >> 8, id & 255, 0, 0, (pdu.length + 1) >> 8, (pdu.length + 1) & 255, 1, ...pdu);
  const ask = (id: number, request: Request) => pass(frame(id, encodeRequest(request)), false);
  const answer = (id: number, response: Response) => pass(frame(id, encodeResponse(response)), true);
  const poll = (id: number, registers: number[]) => {
    ask(id, { function: 4, address: 0, quantity: 4 });
    const { bytes, changed } = answer(id, { function: 4, registers });
    return {
      changed,
      id: (bytes[0] as number) * 256 + (bytes[1] as number),
      registers: Array.from(
        { length: 4 },
        (_, i) => (bytes[9 + 2 * i] as number) * 256 + (bytes[10 + 2 * i] as number),
      ),
    };
  };
  const later = (s: number): void => {
    now += s * 1e6;
  };
  return { relay, seen, ask, answer, poll, pass, frame, later };
}

describe('a relay of readings', () => {
  it('passes everything on as it is while it records', () => {
    const { poll, relay, seen } = stage({ replay: ['AIT2'] });
    expect(relay.missing()).toEqual(['AIT2']);
    expect(poll(1, [0x3f80, 0, 7, 9])).toEqual({ changed: false, id: 1, registers: [0x3f80, 0, 7, 9] });
    expect(relay.missing()).toEqual([]);
    expect(relay.recorded).toBe(1);
    expect(seen).toEqual([['AIT2', 7]]);
  });

  it('then gives what it recorded, round and round, with the transaction id of the request and other values untouched', () => {
    const { poll, relay } = stage({ replay: ['AIT1', 'AIT2'] });
    poll(1, [0x3f80, 1, 7, 9]);
    poll(2, [0x4000, 2, 8, 9]);
    relay.replay();
    expect([poll(3, [0, 0, 0, 11]), poll(4, [0, 0, 0, 12]), poll(5, [0, 0, 0, 13])]).toEqual([
      { changed: true, id: 3, registers: [0x3f80, 1, 7, 11] },
      { changed: true, id: 4, registers: [0x4000, 2, 8, 12] },
      { changed: true, id: 5, registers: [0x3f80, 1, 7, 13] },
    ]);
  });

  it('says the same again when a response is sent again', () => {
    const { ask, answer, poll, relay } = stage({ replay: ['AIT2'] });
    poll(1, [0, 0, 7, 9]);
    poll(2, [0, 0, 8, 9]);
    relay.replay();
    ask(3, { function: 4, address: 0, quantity: 4 });
    ask(3, { function: 4, address: 0, quantity: 4 });
    const first = answer(3, { function: 4, registers: [0, 0, 1, 2] });
    const again = answer(3, { function: 4, registers: [0, 0, 1, 2] });
    expect(again.bytes).toEqual(first.bytes);
    expect(poll(4, [0, 0, 1, 2]).registers[2]).toBe(8);
  });

  it('gives the last recorded value to a read of another shape', () => {
    const { ask, answer, poll, relay } = stage({ replay: ['AIT2'] });
    poll(1, [0, 0, 7, 9]);
    relay.replay();
    poll(2, [0, 0, 99, 9]);
    ask(3, { function: 4, address: 2, quantity: 1 });
    expect([...answer(3, { function: 4, registers: [99] }).bytes.slice(-2)]).toEqual([0, 7]);
  });

  it('replays bits beside bits', () => {
    const { ask, answer, relay } = stage({ replay: ['XS1'] });
    ask(1, { function: 1, address: 0, quantity: 2 });
    answer(1, { function: 1, bits: [true, false] });
    relay.replay();
    ask(2, { function: 1, address: 0, quantity: 2 });
    expect(answer(2, { function: 1, bits: [false, true] }).bytes.at(-1)).toBe(0b11);
  });

  it('puts other values in', () => {
    const { poll } = stage({
      change: [
        ['AIT1', 1.5],
        ['AIT3', 4],
      ],
    });
    expect(poll(9, [0, 0, 7, 9])).toEqual({ changed: true, id: 9, registers: [0x3fc0, 0, 7, 4] });
  });

  it('leaves exceptions, writes and answers that nobody asked for alone', () => {
    const { ask, answer } = stage({ change: [['AIT2', 4]] });
    ask(1, { function: 4, address: 0, quantity: 4 });
    expect(answer(1, { function: 4, exception: 2 }).changed).toBe(false);
    ask(2, { function: 6, address: 2, value: 9 });
    expect(answer(2, { function: 6, address: 2, value: 9 }).changed).toBe(false);
    expect(answer(3, { function: 4, registers: [0, 0, 7, 9] }).changed).toBe(false);
    ask(4, { function: 4, address: 0, quantity: 4 });
    expect(answer(4, { function: 4, registers: [0, 0, 7] }).changed).toBe(false);
  });

  it('does not take an answer for one to a request of long ago', () => {
    const { ask, answer, later } = stage({ change: [['AIT2', 4]] });
    ask(1, { function: 4, address: 0, quantity: 4 });
    later(60);
    expect(answer(1, { function: 4, registers: [0, 0, 7, 9] }).changed).toBe(false);
  });

  it('works on several frames in one packet, and counts what is cut in two', () => {
    const { ask, pass, frame, relay } = stage({ change: [['AIT3', 4]] });
    for (const id of [1, 2, 3]) ask(id, { function: 4, address: 0, quantity: 4 });
    const of = (id: number) => frame(id, encodeResponse({ function: 4, registers: [0, 0, 7, 9] }));
    const { bytes } = pass(Uint8Array.of(...of(1), ...of(2), ...of(3).slice(0, 10)), true);
    expect([bytes[16], bytes[33]]).toEqual([4, 4]);
    expect([...bytes.slice(-10)]).toEqual([...of(3).slice(0, 10)]);
    expect(relay.skipped).toBe(1);
  });

  it.each([
    ['requests', true, false, false],
    ['responses', false, true, false],
    ['writes', false, false, true],
  ] as const)('drops %s where it is told to', (drop, requests, responses, writes) => {
    const { ask, answer, pass } = stage({}, { drop });
    expect(ask(1, { function: 4, address: 0, quantity: 4 }).passed).toBe(!requests);
    expect(answer(1, { function: 4, registers: [0, 0, 7, 9] }).passed).toBe(!responses);
    expect(ask(2, { function: 6, address: 2, value: 9 }).passed).toBe(!(requests || writes));
    // A bare acknowledgement keeps the connection alive.
    expect(pass(new Uint8Array(0), false).passed).toBe(true);
    expect(pass(new Uint8Array(0), true).passed).toBe(true);
  });

  it('holds up what it is told to', () => {
    const { ask } = stage({}, { hold: milliseconds(250) });
    expect(ask(1, { function: 4, address: 0, quantity: 4 }).delay).toBe(250_000);
  });

  it('never changes a length, nor a byte outside the named tags, whatever passes', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(
            fc.boolean(),
            fc.oneof(
              fc.uint8Array({ maxLength: 64 }),
              fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 4, maxLength: 4 }),
            ),
          ),
          { maxLength: 20 },
        ),
        (packets) => {
          const { pass, frame, ask, relay } = stage({ replay: ['AIT2'], change: [['AIT3', 4]] });
          for (const [i, [fromServer, content]] of packets.entries()) {
            if (i === 10) relay.replay();
            ask(i, { function: 4, address: 0, quantity: 4 });
            const sent =
              content instanceof Uint8Array ? content : frame(i, encodeResponse({ function: 4, registers: content }));
            const { bytes } = pass(sent, fromServer);
            expect(bytes.length).toBe(sent.length);
            const differs = [...bytes].flatMap((byte, at) => (byte === sent[at] ? [] : [at]));
            expect(differs.every((at) => at >= 13 && at < 17)).toBe(true);
          }
        },
      ),
    );
  });

  it('is bounded: a flood of requests that nobody answers is forgotten, of blocks too', () => {
    const { ask, answer, relay } = stage({ replay: ['AIT2'] });
    for (let i = 0; i < 5000; i++) ask(i, { function: 4, address: 0, quantity: 4 });
    expect(answer(0, { function: 4, registers: [0, 0, 7, 9] }).changed).toBe(false);
    expect(relay.recorded).toBe(0);
    for (let q = 1; q < 100; q++) {
      ask(q, { function: 4, address: 2, quantity: q });
      answer(q, { function: 4, registers: Array.from({ length: q }, () => 1) });
    }
    expect(relay.recorded).toBe(64);
  });
});
