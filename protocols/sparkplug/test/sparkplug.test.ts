import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { Bench, text, WiredClient } from '../../mqtt/test/wired.ts';
import {
  BirthBook,
  DATA_TYPES,
  type DataType,
  decodePayload,
  decodeState,
  type EdgeOptions,
  encodePayload,
  formatTopic,
  type Metric,
  parseTopic,
  SparkplugEdge,
  SparkplugHost,
} from '../index.ts';
import { SCHEMA } from './schema.ts';

const Payload = protobuf.Root.fromJSON(SCHEMA).lookupType('Payload');
const read = (bytes: Uint8Array): Record<string, unknown> =>
  Payload.toObject(Payload.decode(bytes), { longs: String, enums: String, bytes: Array });

describe('payloads', () => {
  const metrics: Metric[] = [
    { name: 'i8', type: 'Int8', value: -5 },
    { name: 'i16', type: 'Int16', value: -30_000 },
    { name: 'i32', type: 'Int32', value: -2_000_000_000 },
    { name: 'u32', type: 'UInt32', value: 4_000_000_000 },
    { name: 'i64', type: 'Int64', value: -(2 ** 40) },
    { name: 'u64', type: 'UInt64', value: 18_446_744_073_709_551_615n },
    { name: 'f', type: 'Float', value: Math.fround(2.7), alias: 4, timestamp: 1_790_000_000_000 },
    { name: 'd', type: 'Double', value: 0.1 },
    { name: 'b', type: 'Boolean', value: true },
    { name: 's', type: 'String', value: 'Cl₂' },
    { name: 'raw', type: 'Bytes', value: Uint8Array.of(1, 2, 3) },
    { name: 'none', type: 'Float', isNull: true },
    { name: 'p', type: 'Double', value: 1, properties: { engUnit: 'mg/L', engLow: 0, engHigh: 2.5, ok: true } },
  ];

  it('are what they were', () => {
    const payload = decodePayload(encodePayload({ timestamp: 1_790_000_000_123, seq: 7, uuid: 'x', metrics }));
    expect(payload).toMatchObject({ timestamp: 1_790_000_000_123, seq: 7, uuid: 'x', metrics });
  });

  it('are the same to protobufjs', () => {
    expect(read(encodePayload({ timestamp: 5, seq: 255, metrics }))).toMatchObject({
      ...{ timestamp: '5', seq: '255' },
      metrics: [
        { name: 'i8', datatype: 1, intValue: 0xffff_fffb },
        { name: 'i16', datatype: 2, intValue: 4_294_937_296 },
        { name: 'i32', datatype: 3, intValue: 2_294_967_296 },
        { name: 'u32', datatype: 7, intValue: 4_000_000_000 },
        { name: 'i64', datatype: 4, longValue: String(2n ** 64n - 2n ** 40n) },
        { name: 'u64', datatype: 8, longValue: '18446744073709551615' },
        { name: 'f', datatype: 9, alias: '4', timestamp: '1790000000000', floatValue: Math.fround(2.7) },
        { name: 'd', datatype: 10, doubleValue: 0.1 },
        { name: 'b', datatype: 11, booleanValue: true },
        { name: 's', datatype: 12, stringValue: 'Cl₂' },
        { name: 'raw', datatype: 17, bytesValue: [1, 2, 3] },
        { name: 'none', datatype: 9, isNull: true },
        { name: 'p', properties: { keys: ['engUnit', 'engLow', 'engHigh', 'ok'] } },
      ],
    });
  });

  it('of protobufjs are read', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            name: fc.string({ minLength: 1, maxLength: 20 }),
            floatValue: fc.float({ noNaN: true }),
            datatype: fc.constant(9),
          }),
          { maxLength: 5 },
        ),
        // protobufjs leaves zeros out.
        fc.integer({ min: 1, max: 255 }),
        (list, seq) => {
          const bytes = Payload.encode(Payload.create({ timestamp: 12, seq, metrics: list })).finish();
          const payload = decodePayload(new Uint8Array(bytes));
          expect(payload?.seq).toBe(seq);
          expect(payload?.metrics.map(({ name, value, type }) => [name, value, type])).toEqual(
            list.map(({ name, floatValue }) => [name, floatValue, 'Float']),
          );
        },
      ),
    );
  });

  it('never throw, whatever the bytes', () => {
    const whole = encodePayload({ timestamp: 1, seq: 1, metrics });
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.nat({ max: whole.length }),
        fc.nat({ max: whole.length - 1 }),
        fc.nat({ max: 255 }),
        (noise, cut, at, value) => {
          decodePayload(noise);
          decodePayload(whole.subarray(0, cut));
          const broken = whole.slice();
          broken[at] = value;
          decodePayload(broken);
        },
      ),
      { numRuns: process.env.PENSTOCK_PROVE === '1' ? 1_000_000 : 2000 },
    );
  }, 600_000);
});

describe('topics', () => {
  it('are read as they are written', () => {
    for (const topic of ['spBv1.0/works/NBIRTH/gw', 'spBv1.0/works/DCMD/gw/plc'])
      expect(formatTopic(parseTopic(topic) as NonNullable<ReturnType<typeof parseTopic>>)).toBe(topic);
    for (const topic of [
      'spBv1.0/works/NBIRTH',
      'spBv1.0/works/NBIRTH/a/b',
      'spBv1.0/works/DDATA/a',
      'spAv1.0/a/NDATA/b',
      'spBv1.0/works/XDATA/a',
      'a',
    ])
      expect([topic, parseTopic(topic)]).toEqual([topic, undefined]);
  });
});

/** An edge node with a controller behind it, and a host, on one broker. */
class Works {
  readonly bench = new Bench();
  readonly values = [2.5, 40, 1];
  readonly written: [string, number][] = [];
  readonly refused: string[] = [];
  isAlive = true;
  readonly edge: SparkplugEdge;
  readonly host: SparkplugHost;
  readonly heard: string[] = [];
  readonly wiredEdge: WiredClient;
  readonly wiredHost: WiredClient;

  constructor(primaryHost?: string, more: Pick<EdgeOptions, 'properties' | 'updates'> = {}) {
    const { bench, values } = this;
    const clock = (): number => 1_790_000_000_000 + bench.now / 1000;
    const metric = (name: string, i: number, type: DataType, isWritable = false) => ({
      ...{ name, type, read: () => values[i] as number, deadBand: i === 1 ? 2 : 0 },
      ...(isWritable && {
        write: (value: number) => {
          this.written.push([name, value]);
          values[i] = value;
        },
      }),
    });
    this.edge = new SparkplugEdge({
      ...{ group: 'works', node: 'gw', clock, primaryHost, mqtt: { clientId: 'gw' } },
      devices: [
        {
          id: 'plc',
          alive: () => this.isAlive,
          metrics: [metric('LIT101', 0, 'Double'), metric('SC401', 1, 'Float', true), metric('P101', 2, 'Boolean')],
        },
      ],
      onRefused: (name) => this.refused.push(name),
      ...more,
    });
    this.host = new SparkplugHost({
      ...{ id: 'scada', groups: ['works'], clock, mqtt: { clientId: 'scada', version: 5 } },
      onMetric: ({ type }, { name, value }) => this.heard.push(`${type} ${name} ${value}`),
      onLife: ({ type }) => this.heard.push(type),
    });
    this.wiredEdge = wire(bench, this.edge.client);
    this.wiredHost = wire(bench, this.host.client);
  }

  run(): string[] {
    for (let i = 0; i < 4; i++) {
      this.wiredEdge.run();
      this.wiredHost.run();
    }
    return this.heard.splice(0);
  }

  scan(): string[] {
    this.edge.scan(this.bench.now);
    return this.run();
  }
}

const wire = (bench: Bench, client: SparkplugEdge['client']): WiredClient => new WiredClient(bench, client);

const BORN = [
  'NBIRTH',
  'NBIRTH bdSeq 0',
  'NBIRTH Node Control/Rebirth false',
  'DBIRTH',
  'DBIRTH LIT101 2.5',
  'DBIRTH SC401 40',
  'DBIRTH P101 true',
];

describe('an edge node and a host', () => {
  it('births, data by exception, a death when the network goes', () => {
    const works = new Works();
    works.wiredHost.dial();
    works.wiredEdge.dial();
    expect(works.run()).toEqual(BORN);
    expect(works.scan()).toEqual([]);
    works.values.splice(0, 3, 2.6, 41, 0);
    expect(works.scan()).toEqual(['DDATA LIT101 2.6', 'DDATA P101 false']);
    works.values[1] = 43;
    expect(works.scan()).toEqual(['DDATA SC401 43']);
    works.isAlive = false;
    expect(works.scan()).toEqual(['DDEATH']);
    works.isAlive = true;
    expect(works.scan()[0]).toBe('DBIRTH');
    works.wiredEdge.drop();
    expect(works.run()).toEqual(['NDEATH']);
    expect(works.host.book.node('works', 'gw')).toMatchObject({ online: false, bdSeq: 0 });
    works.wiredEdge.dial();
    expect(works.run()[1]).toBe('NBIRTH bdSeq 1');
  });

  it('commands act on what may be written, and nothing else', () => {
    const works = new Works();
    works.wiredHost.dial();
    works.wiredEdge.dial();
    works.run();
    const command = (metric: Metric): string[] => {
      works.host.command({ group: 'works', node: 'gw', device: 'plc' }, metric, works.bench.now);
      works.run();
      return works.scan();
    };
    expect(command({ name: 'SC401', type: 'Float', value: 60 })).toEqual(['DDATA SC401 60']);
    expect(command({ alias: 2, type: 'Float', value: 70 })).toEqual(['DDATA SC401 70']);
    command({ name: 'LIT101', type: 'Double', value: 9 });
    command({ name: 'XYZ', type: 'Double', value: 9 });
    expect(works.written).toEqual([
      ['SC401', 60],
      ['SC401', 70],
    ]);
    expect(works.refused).toEqual(['LIT101', 'XYZ']);
  });

  it('asks for a rebirth where a message was missed, and where it came late', () => {
    const works = new Works();
    works.wiredEdge.dial();
    works.run();
    works.wiredHost.dial();
    works.values[0] = 3;
    works.bench.wait(1);
    expect(works.scan().filter((line) => line.startsWith('NBIRTH'))).toEqual(BORN.slice(0, 3));
    expect(works.host.book.node('works', 'gw')).toMatchObject({ online: true, seq: 1 });
  });

  it('holds its birth back until the primary host is there', () => {
    const works = new Works('scada');
    works.wiredEdge.dial();
    expect([works.edge.born, works.run()]).toEqual([false, []]);
    works.wiredHost.dial();
    works.run();
    expect(works.edge.born).toBe(true);
    const state = works.bench.broker.retained.get('spBv1.0/STATE/scada');
    expect(decodeState(state?.payload as Uint8Array)).toMatchObject({ online: true });
    works.wiredHost.drop();
    expect(text(works.bench.broker.retained.get('spBv1.0/STATE/scada')?.payload as Uint8Array)).toContain(
      '"online":false',
    );
  });

  it('says of itself what it is at each birth, and takes what is put on its topic for updates', () => {
    let version = '2.1.4';
    const taken: string[] = [];
    const works = new Works(undefined, {
      properties: () => ({ 'Hardware Model': 'ECU-1051', 'Firmware Version': version }),
      updates: { topic: 'works/update/gw', take: (payload) => taken.push(text(payload)) },
    });
    works.wiredHost.dial();
    works.wiredEdge.dial();
    expect(works.run().slice(3, 5)).toEqual([
      'NBIRTH Properties/Hardware Model ECU-1051',
      'NBIRTH Properties/Firmware Version 2.1.4',
    ]);
    for (const topic of ['works/update/gw', 'works/update/other'])
      works.host.client.publish({ topic, payload: Buffer.from(`for ${topic}`) }, works.bench.now);
    works.run();
    expect([taken, works.refused]).toEqual([['for works/update/gw'], []]);
    version = '2.2.0';
    works.edge.rebirth(works.bench.now);
    expect(works.run()).toContain('NBIRTH Properties/Firmware Version 2.2.0');
  });

  it('tells a goodbye itself', () => {
    const works = new Works();
    works.wiredHost.dial();
    works.wiredEdge.dial();
    works.run();
    works.edge.close(works.bench.now);
    expect(works.run()).toEqual(['NDEATH']);
  });
});

describe('the book of births', () => {
  const topic = (type: 'NBIRTH' | 'NDEATH' | 'NDATA') => ({ group: 'g', type, node: 'n', device: undefined });

  it('does not believe the death of an older connection', () => {
    const book = new BirthBook();
    const bd = (value: number): Metric => ({ name: 'bdSeq', type: 'Int64', value });
    book.read(topic('NBIRTH'), { seq: 0, metrics: [bd(4)] });
    expect(book.read(topic('NDEATH'), { metrics: [bd(3)] }).isStale).toBe(true);
    expect(book.node('g', 'n')?.online).toBe(true);
    expect(book.read(topic('NDEATH'), { metrics: [bd(4)] }).isStale).toBe(false);
  });

  it('knows types of metrics that data messages leave out', () => {
    const book = new BirthBook();
    book.read(topic('NBIRTH'), { seq: 0, metrics: [{ name: 'T', alias: 9, type: 'Int16', value: 1 }] });
    const [metric] = book.read(topic('NDATA'), { seq: 1, metrics: [{ alias: 9, value: 0xffff_ffff }] }).metrics;
    expect(metric).toMatchObject({ name: 'T', type: 'Int16', value: -1 });
    expect(book.read(topic('NDATA'), { seq: 3, metrics: [] }).isOutOfSequence).toBe(true);
  });

  it('has all types of the specification', () => {
    expect([DATA_TYPES.length, DATA_TYPES[34]]).toEqual([35, 'DateTimeArray']);
  });
});
