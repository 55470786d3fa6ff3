import type { ProtocolEvent } from '@penstock/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AppFragment,
  allOf,
  type ControlRelayOutput,
  dnp3Dissector,
  dnp3UdpDissector,
  encodeFragment,
  encodeLinkFrame,
  FUNCTION,
  indexed,
  type LinkControl,
  objectType,
  segment,
  sized,
  valuesFrom,
  valuesOf,
} from '../index.ts';
import { blocksOf } from './arbitrary.ts';

type Row = Record<string, unknown>;
const FRAMES = process.env.PENSTOCK_PROVE === '1' ? 1_000_000 : 20_000;

function watch(factory = dnp3Dissector) {
  const events: Row[] = [];
  const dissector = factory.create((event: ProtocolEvent) => events.push(event as unknown as Row));
  const feed = (fromOriginator: boolean, data: Uint8Array, time = 0): void =>
    dissector.data(fromOriginator, time, data, 0, data.length);
  return { dissector, events, feed, of: (name: string) => events.filter((event) => event.name === name) };
}

const joined = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));
const control = (dir: boolean, code = 4): LinkControl => ({ dir, prm: true, fcb: false, fcv: false, function: code });
const app = (seq: number, uns = false) => ({ fir: true, fin: true, con: uns, uns, seq });

/** The link frames of a fragment; the transport's numbers begin at 0. */
function frames(fragment: AppFragment, source: number, destination: number): Uint8Array[] {
  const dir = fragment.iin === undefined;
  return segment(encodeFragment(fragment), 0).map((payload) =>
    encodeLinkFrame({ control: control(dir), source, destination, payload }),
  );
}

const ask = (seq: number, code: number, objects: AppFragment['objects'], to = 10, from = 1): Uint8Array =>
  joined(frames({ control: app(seq), function: code, objects }, from, to));
const answer = (seq: number, objects: AppFragment['objects'], iin = 0, from = 10, to = 1): Uint8Array =>
  joined(frames({ control: app(seq), function: FUNCTION.response, iin, objects }, from, to));

const analogs = (...values: number[]) =>
  valuesFrom(
    30,
    1,
    4,
    values.map((value) => ({ type: 'analog', value, flags: 1 })),
  );
const CLOSE: ControlRelayOutput = {
  type: 'crob',
  ...{ operation: 1, queue: false, clear: false, tripClose: 1, count: 1, onTime: 500, offTime: 0, status: 0 },
};
const close = (index: number) => indexed(12, 1, [{ index, value: CLOSE }]);

describe('requests and answers', () => {
  it('are one row, with indications, addresses and the time between', () => {
    const { feed, of } = watch();
    feed(true, ask(5, FUNCTION.read, [allOf(60, 1)]), 1_000_000);
    feed(false, answer(5, [analogs(1, -2)], 0x9001), 1_250_000);
    expect(of('dnp3')).toEqual([
      {
        ...{ name: 'dnp3', time: 1_250_000, fc_request: 'READ', fc_reply: 'RESPONSE', iin: 0x9001 },
        iin_flags: ['DEVICE_RESTART', 'NEED_TIME', 'NO_FUNC_CODE_SUPPORT'],
        ...{ master_is_orig: true, master: 1, outstation: 10, sequence: 5, unsolicited: false, fragment: 0 },
        ...{ confirm: false, request_objects: 1, reply_objects: 1, delay: 0.25 },
      },
    ]);
    expect(of('dnp3_objects')[1]).toMatchObject({
      ...{ is_orig: false, function_code: 'RESPONSE', object_type: '32-Bit Analog Input', object_count: 2 },
      ...{ range_low: 4, range_high: 5, values: [1, -2], flags: [1, 1], link_source: 10, link_destination: 1 },
    });
  });

  it('are joined by their sequence, each pair of addresses for itself', () => {
    const { feed, of, dissector } = watch();
    feed(true, ask(1, FUNCTION.read, [], 10));
    feed(true, ask(1, FUNCTION.write, [], 11));
    feed(true, ask(2, FUNCTION.select, [close(1)], 10));
    feed(false, answer(1, [], 0, 11));
    feed(false, answer(2, [], 0, 10));
    feed(false, answer(7, [], 0, 10));
    dissector.end(1);
    expect(of('dnp3').map((row) => [row.outstation, row.fc_request, row.fc_reply, row.sequence])).toEqual([
      [11, 'WRITE', 'RESPONSE', 1],
      [10, 'READ', undefined, 1],
      [10, 'SELECT', 'RESPONSE', 2],
      [10, undefined, 'RESPONSE', 7],
    ]);
  });

  it('that never come are told after half a minute', () => {
    const { feed, of } = watch();
    feed(true, ask(1, FUNCTION.coldRestart, [], 10), 0);
    feed(true, ask(1, FUNCTION.read, [], 11), 20e6);
    expect(of('dnp3')).toEqual([]);
    feed(true, ask(2, FUNCTION.read, [], 11), 31e6);
    expect(of('dnp3')).toMatchObject([{ fc_request: 'COLD_RESTART', fc_reply: undefined, outstation: 10 }]);
  });

  it('in several fragments are a row each', () => {
    const { feed, of } = watch();
    feed(true, ask(3, FUNCTION.read, [allOf(60, 1)]));
    const part = (fir: boolean, fin: boolean, seq: number): Uint8Array =>
      joined(frames({ control: { ...app(seq), fir, fin, con: true }, function: 129, iin: 0, objects: [] }, 10, 1));
    feed(false, part(true, false, 3));
    feed(true, ask(3, FUNCTION.confirm, []));
    feed(false, part(false, true, 4));
    expect(of('dnp3').map((row) => [row.fc_request, row.fc_reply, row.fragment, row.confirm])).toEqual([
      ['READ', 'RESPONSE', 0, true],
      ['CONFIRM', undefined, undefined, undefined],
      [undefined, 'RESPONSE', 1, true],
    ]);
  });

  it('are found under the self-address', () => {
    const { feed, of } = watch();
    feed(true, ask(3, FUNCTION.read, [allOf(60, 1)], 0xfffc));
    feed(false, answer(3, [], 0, 10));
    expect(of('dnp3')).toMatchObject([{ fc_request: 'READ', fc_reply: 'RESPONSE', outstation: 10 }]);
  });

  it('to all get none, and say so at once', () => {
    const { feed, of } = watch();
    feed(true, ask(3, FUNCTION.directOperate, [close(1)], 0xffff));
    feed(true, ask(4, FUNCTION.directOperateNoAck, [close(1)]));
    expect(of('dnp3').map((row) => [row.fc_request, row.outstation])).toEqual([
      ['DIRECT_OPERATE', 0xffff],
      ['DIRECT_OPERATE_NR', 10],
    ]);
  });

  it('from an outstation that began the connection are its own', () => {
    const { feed, of } = watch();
    feed(true, joined(frames({ control: app(0, true), function: 130, iin: 0x8000, objects: [] }, 10, 1)));
    feed(false, joined(frames({ control: { ...app(0, true), con: false }, function: 0, objects: [] }, 1, 10)));
    expect(of('dnp3').map((row) => [row.fc_request, row.fc_reply, row.unsolicited, row.master_is_orig])).toEqual([
      [undefined, 'UNSOLICITED_RESPONSE', true, false],
      ['CONFIRM', undefined, true, false],
    ]);
  });

  it('whose link says that they come from the other side are told', () => {
    const { feed, of } = watch();
    const [payload] = segment(encodeFragment({ control: app(1), function: 2, objects: [] }), 0) as [Uint8Array];
    feed(true, encodeLinkFrame({ control: control(false), source: 1, destination: 10, payload }));
    expect(of('dnp3_violation')).toMatchObject([{ layer: 'application', reason: 'direction', function_code: 'WRITE' }]);
    feed(false, answer(1, []));
    expect(of('dnp3')).toMatchObject([{ fc_request: 'WRITE', fc_reply: 'RESPONSE', master: 1, outstation: 10 }]);
  });
});

describe('what objects say', () => {
  it('an OPERATE knows whether the same was selected just before', () => {
    const selectedOf = (...requests: [number, number, number][]): unknown[] => {
      const { feed, of } = watch();
      for (const [seq, code, index] of requests) feed(true, ask(seq, code, [close(index)]));
      return of('dnp3_control').map((row) => row.selected);
    };
    expect(selectedOf([15, 3, 1], [0, 4, 1], [0, 4, 1])).toEqual([undefined, true, true]);
    expect(selectedOf([1, 3, 1], [2, 4, 2])).toEqual([undefined, false]);
    expect(selectedOf([1, 3, 1], [3, 4, 1])).toEqual([undefined, false]);
    expect(selectedOf([1, 4, 1])).toEqual([false]);
    expect(selectedOf([1, 5, 1])).toEqual([undefined]);
  });

  it('commands with their codes, answers with their status', () => {
    const { feed, of } = watch();
    const analog = indexed(41, 3, [{ index: 2, value: { type: 'analog-command', value: 1.5, status: 0 } }]);
    feed(true, ask(1, FUNCTION.directOperate, [close(8), analog]));
    feed(false, answer(1, [indexed(12, 1, [{ index: 8, value: { ...CLOSE, status: 4 } }])]));
    expect(of('dnp3_control')).toMatchObject([
      {
        ...{ block_type: 'Control Relay Output Block', function_code: 'DIRECT_OPERATE', index_number: 8 },
        ...{ trip_control_code: 'Close', operation_type: 'Pulse On', clear_bit: false, execute_count: 1 },
        ...{ on_time: 500, off_time: 0, status_code: undefined, value: undefined },
      },
      { block_type: '32-Bit Floating Point Output Block', index_number: 2, value: 1.5, operation_type: undefined },
      { function_code: 'RESPONSE', status_code: 'Not Supported' },
    ]);
  });

  it('events with their times, also those that count from another', () => {
    const { feed, of } = watch();
    const occurrence = valuesOf(51, 1, [{ type: 'time', time: 1_700_000_000_000 }]);
    const events = indexed(2, 3, [
      { index: 9, value: { type: 'binary', value: true, flags: 1, relativeTime: 250 } },
      { index: 3, value: { type: 'binary', value: false, flags: 1, relativeTime: 1250 } },
    ]);
    feed(false, answer(1, [occurrence, events]));
    expect(of('dnp3_objects')[1]).toMatchObject({
      ...{ object_count: 2, range_low: 3, range_high: 9, indices: [9, 3], values: [1, 0], flags: [1, 1] },
      times: [1_700_000_000.25, 1_700_000_001.25],
    });
  });

  it('a clock that is set, by how much it differs from the packet', () => {
    const { feed, of } = watch();
    const written = (variation: number, time: number) => valuesOf(50, variation, [{ type: 'time', time }]);
    feed(true, ask(1, FUNCTION.write, [written(1, 3_600_000)]), 1e6);
    feed(true, ask(2, FUNCTION.recordCurrentTime, []), 2e6);
    feed(true, ask(3, FUNCTION.write, [written(3, 2500)]), 9e6);
    expect(of('dnp3_time').map(({ written, offset }) => [written, offset])).toEqual([
      [3.6e9, 3599],
      [2.5e6, 0.5],
    ]);
  });

  it('a file by its name from opening to closing', () => {
    const { feed, of } = watch();
    const status = {
      type: 'file-status',
      handle: 7,
      size: 12,
      maxBlock: 512,
      requestId: 1,
      status: 0,
      text: '',
    } as const;
    const open = {
      type: 'file-command' as const,
      ...{ name: 'config.xml', created: 0, permissions: 0, key: 0, size: 12, mode: 2 },
      ...{ maxBlock: 512, requestId: 1 },
    } as const;
    feed(true, ask(1, FUNCTION.openFile, [sized(70, 3, [open])]));
    feed(false, answer(1, [sized(70, 4, [status])]));
    const octets = new Uint8Array(12);
    feed(
      true,
      ask(2, FUNCTION.write, [sized(70, 5, [{ type: 'file-transport', handle: 7, block: 0, last: true, octets }])]),
    );
    expect(of('dnp3_file')).toMatchObject([
      { function_code: 'OPEN_FILE', file_name: 'config.xml', mode: 'Write', size: 12 },
      { function_code: 'RESPONSE', file_name: 'config.xml', handle: 7, status: 'Success' },
      { function_code: 'WRITE', file_name: 'config.xml', handle: 7, block: 0, last_block: true, octets: 12 },
    ]);
  });

  it('attributes and texts', () => {
    const { feed, of } = watch();
    feed(
      false,
      answer(1, [
        valuesFrom(0, 252, 0, [{ type: 'attribute', dataType: 'text', value: 'Booster Works' }]),
        valuesFrom(110, 5, 0, [{ type: 'octets', octets: Uint8Array.from(Buffer.from('Pump\0')) }]),
        valuesFrom(110, 2, 1, [{ type: 'octets', octets: Uint8Array.of(1, 255) }]),
      ]),
    );
    expect(of('dnp3_attribute')).toMatchObject([{ attribute: 'Device manufacturer name', value: 'Booster Works' }]);
    expect(of('dnp3_objects').map((row) => row.texts)).toEqual([undefined, ['Pump'], ['0x01ff']]);
  });

  it('keeps what a broken fragment says before it breaks', () => {
    const { feed, of } = watch();
    const whole = encodeFragment({ control: app(1), function: 129, iin: 0, objects: [analogs(1, 2)] });
    const [payload] = segment(whole.subarray(0, whole.length - 2), 0) as [Uint8Array];
    feed(false, encodeLinkFrame({ control: control(false), source: 10, destination: 1, payload }));
    expect(of('dnp3_objects')).toMatchObject([{ object_count: 2, values: [1] }]);
    expect(of('dnp3_violation')).toMatchObject([
      { layer: 'application', reason: 'objects-truncated', group: 30, variation: 1 },
    ]);
  });
});

describe('streams', () => {
  const list = [ask(1, FUNCTION.read, [allOf(60, 1)]), ask(2, FUNCTION.select, [close(1)]), ask(3, FUNCTION.write, [])];

  it('give the same however they are cut', () => {
    const expected = watch();
    for (const part of list) expected.feed(true, part);
    fc.assert(
      fc.property(fc.infiniteStream(fc.integer({ min: 1, max: 30 })), (cuts) => {
        const { feed, events } = watch();
        const stream = joined(list);
        for (let at = 0; at < stream.length; ) {
          const next = at + (cuts.next().value as number);
          feed(true, stream.subarray(at, next));
          at = next;
        }
        expect(events).toEqual(expected.events);
      }),
    );
  });

  it('picked up inside of a frame, or after a loss, go on with the next one', () => {
    const { feed, of, dissector } = watch();
    const stream = joined(list);
    feed(true, stream.subarray(5, stream.length - 4));
    dissector.gap(true, 0, 100);
    feed(true, stream.subarray(stream.length - 2));
    feed(true, list[2] as Uint8Array);
    dissector.end(0);
    expect(of('dnp3').map((row) => row.fc_request)).toEqual(['SELECT', 'WRITE']);
    expect(of('dnp3_violation')).toMatchObject([{ layer: 'link', reason: 'truncated' }]);
    expect(dissector.unparsedBytes).toBeGreaterThan(10);
  });

  it('with a wrong checksum are told, and read on', () => {
    const { feed, of } = watch();
    const broken = Uint8Array.from(list[0] as Uint8Array);
    broken[12] = (broken[12] as number) ^ 0x10;
    feed(true, joined([broken, list[1] as Uint8Array]));
    expect(of('dnp3_violation')).toMatchObject([
      { layer: 'link', reason: 'data-checksum', link_source: 1, link_destination: 10 },
    ]);
    expect(of('dnp3_objects').map((row) => row.function_code)).toEqual(['SELECT']);
  });

  it('carry many stations, whose fragments mix', () => {
    const { feed, of } = watch();
    const long = (from: number) =>
      frames({ control: app(1), function: 129, iin: 0, objects: [analogs(...Array(100).keys())] }, from, 1);
    const [first, second] = [long(10), long(11)];
    for (let i = 0; i < first.length; i++) feed(false, joined([first[i] as Uint8Array, second[i] as Uint8Array]));
    expect(of('dnp3_objects').map((row) => [row.link_source, (row.values as number[]).length])).toEqual([
      [10, 100],
      [11, 100],
    ]);
    expect(of('dnp3_violation')).toEqual([]);
  });

  it('are bounded, whatever addresses they claim', () => {
    const { feed, of, dissector } = watch();
    for (let station = 0; station < 5000; station++) feed(true, ask(1, FUNCTION.read, [allOf(60, 1)], station));
    dissector.end(0);
    expect(of('dnp3').length).toBe(5000);
  });

  it('of which a fragment is missing a segment say so once', () => {
    const { feed, of } = watch();
    const parts = frames({ control: app(1), function: 129, iin: 0, objects: [analogs(...Array(200).keys())] }, 10, 1);
    expect(parts.length).toBe(5);
    for (const part of parts.toSpliced(1, 1)) feed(false, part);
    expect(of('dnp3_violation')).toMatchObject([{ layer: 'transport', reason: 'sequence' }]);
  });

  it('of the link alone are told, too', () => {
    const { feed, of } = watch();
    const payload = new Uint8Array(0);
    feed(true, encodeLinkFrame({ control: control(true, 9), source: 1, destination: 10, payload }));
    const status = { dir: false, prm: false, dfc: true, function: 11 } as const;
    feed(false, encodeLinkFrame({ control: status, source: 10, destination: 1, payload }));
    expect(of('dnp3_link')).toMatchObject([
      { link_function: 'REQUEST_LINK_STATUS', from_master: true, fcv: false, dfc: undefined },
      { link_function: 'LINK_STATUS', from_master: false, fcv: undefined, dfc: true },
    ]);
  });

  it('in datagrams end with them', () => {
    const { feed, of } = watch(dnp3UdpDissector);
    const whole = list[1] as Uint8Array;
    feed(true, whole.subarray(0, 20));
    feed(true, whole);
    expect(of('dnp3_violation')).toMatchObject([{ layer: 'link', reason: 'truncated' }]);
    expect(of('dnp3_control').length).toBe(1);
  });
});

describe('recognising', () => {
  const stream = ask(1, FUNCTION.read, [allOf(60, 1)]);
  const probe = (bytes: Uint8Array) => dnp3Dissector.probe(bytes, 0, bytes.length, true);

  it('needs a header whose checksum holds', () => {
    expect(probe(stream)).toBe(0.99);
    expect(probe(stream.subarray(0, 6))).toBeUndefined();
    expect(probe(joined([stream.subarray(4), stream]))).toBe(0.9);
    expect(probe(Uint8Array.of(5, 0x64, 5, 0xc9, 1, 0, 0, 4, 0, 0))).toBe(0);
    expect(probe(new TextEncoder().encode('GET / HTTP/1.1\r\n'))).toBe(0);
  });
});

describe('broken streams', () => {
  it(`${FRAMES} frames: none throws`, { timeout: 900_000 }, () => {
    let state = 7;
    const below = (limit: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * limit);
    };
    const blocks = [1, 2, 4, 10, 12, 13, 20, 21, 30, 32, 34, 40, 41, 43, 50, 51, 52, 70, 80, 86, 91, 110, 121].flatMap(
      (group) =>
        [1, 2, 3, 4, 5, 6, 7, 8].flatMap((variation) => {
          const type = objectType(group, variation);
          return type === undefined ? [] : fc.sample(blocksOf(type, variation), { numRuns: 2, seed: 3 });
        }),
    );
    const attributes = fc.sample(blocksOf(objectType(0, 250) as never, 250), { numRuns: 30, seed: 3 });
    const seeds = [...blocks, ...attributes].flatMap((block) => [
      encodeFragment({ control: app(below(16)), function: 129, iin: 0, objects: [block] }),
      encodeFragment({ control: app(below(16)), function: [2, 3, 4, 5][below(4)] as number, objects: [block] }),
    ]);
    let [tcp, udp] = [watch(), watch(dnp3UdpDissector)];
    let told = 0;
    for (let i = 0; i < FRAMES; i++) {
      const fragment = Uint8Array.from(seeds[below(seeds.length)] as Uint8Array);
      // Damage behind checksums that hold, so that it gets as far as it can.
      for (let n = below(4); n > 0; n--) fragment[below(fragment.length)] = below(256);
      const source = below(80);
      const isOrig = below(2) === 0;
      for (const payload of segment(fragment, below(64))) {
        if (below(20) === 0) payload[0] = below(256);
        const link = { control: control(isOrig, below(30) === 0 ? below(16) : 4), source, destination: 1, payload };
        const bytes = encodeLinkFrame(link);
        if (below(30) === 0) bytes[below(bytes.length)] = below(256);
        tcp.feed(isOrig, below(50) === 0 ? bytes.subarray(below(bytes.length)) : bytes, i * 1000);
        udp.feed(isOrig, bytes, i * 1000);
      }
      if (i % 10_000 === 0) tcp.dissector.gap(isOrig, i * 1000, 10);
      if (tcp.events.length < 50_000) continue;
      told += tcp.events.length;
      for (const { dissector } of [tcp, udp]) dissector.end(i * 1000);
      [tcp, udp] = [watch(), watch(dnp3UdpDissector)];
    }
    expect(told + tcp.events.length).toBeGreaterThan(FRAMES);
  });
});
