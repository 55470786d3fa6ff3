import type { ProtocolEvent } from '@penstock/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SECRET } from '../../credentials/index.ts';
import { Dice } from '../../exchange/test/dice.ts';
import { makeFirmware } from '../../firmware/index.ts';
import { encodePayload } from '../../sparkplug/index.ts';
import { encodePacket, MqttBroker, MqttClient, mqttDissector, type Packet, type Version } from '../index.ts';
import { Bench, bytes } from './wired.ts';

type Row = Record<string, unknown>;
const PROVE = process.env.PENSTOCK_PROVE === '1';

function watch() {
  const events: Row[] = [];
  const dissector = mqttDissector.create((event: ProtocolEvent) => events.push(event as unknown as Row));
  const feed = (fromOriginator: boolean, data: Uint8Array, time = 0): void =>
    dissector.data(fromOriginator, time, data, 0, data.length);
  const say = (fromOriginator: boolean, version: Version, ...packets: Packet[]): void => {
    for (const packet of packets) feed(fromOriginator, encodePacket(packet, version));
  };
  const of = (name: string): Row[] => events.filter((event) => event.name === name);
  return { dissector, events, feed, say, of };
}

const CONNECT = (version: Version): Packet => ({
  ...{ type: 'connect', protocolName: 'MQTT', version, cleanStart: true, keepAlive: 30, clientId: 'gw' },
  ...{
    username: 'gateway',
    password: bytes('s3cret'),
    will: { topic: 'w', payload: bytes('x'), qos: 0, retain: false },
  },
});
const CONNACK: Packet = { type: 'connack', sessionPresent: false, code: 0 };
const publish = (
  topic: string,
  payload: Uint8Array,
  more: Partial<Extract<Packet, { type: 'publish' }>> = {},
): Packet => ({
  ...{ type: 'publish', topic, payload, qos: 0, retain: false, dup: false, id: 0 },
  ...more,
});

describe('the MQTT dissector', () => {
  it('joins CONNECT with its answer, and masks the password', () => {
    const { say, of } = watch();
    say(true, 5, CONNECT(5));
    say(false, 5, CONNACK);
    expect(of('mqtt_connect')).toEqual([
      {
        ...{ name: 'mqtt_connect', time: 0, proto_name: 'MQTT', proto_version: '5.0', client_id: 'gw' },
        ...{ connect_status: 'Connection Accepted', will_topic: 'w', will_payload: 'x', username: 'gateway' },
        ...{ password: 's*****', clean_start: true, keep_alive: 30, session_present: false, accepted: true },
      },
    ]);
    expect(of('credential')).toMatchObject([{ protocol: 'mqtt', user: 'gateway', password: 's*****', success: true }]);
    expect((of('credential')[0] as { [SECRET]?: string })[SECRET]).toBe('s3cret');
  });

  it('tells a refusal in words, and a CONNECT that nobody answered', () => {
    const refused = watch();
    refused.say(true, 4, CONNECT(4));
    refused.say(false, 4, { type: 'connack', sessionPresent: false, code: 4 });
    expect(refused.of('mqtt_connect')[0]).toMatchObject({
      connect_status: 'Connection Refused: bad user name or password',
      accepted: false,
    });
    const silent = watch();
    silent.say(true, 4, CONNECT(4));
    silent.dissector.end(5);
    expect(silent.of('mqtt_connect')[0]).toMatchObject({ time: 5, connect_status: undefined, accepted: undefined });
  });

  it('tells messages when they are through, and those that are not at the end', () => {
    const { say, of, dissector } = watch();
    say(true, 4, CONNECT(4));
    say(false, 4, CONNACK);
    say(
      true,
      4,
      publish('a', bytes('0')),
      publish('b', bytes('1'), { qos: 1, id: 1 }),
      publish('c', bytes('2'), { qos: 2, id: 2 }),
    );
    expect(of('mqtt_publish').map(({ topic }) => topic)).toEqual(['a']);
    say(false, 4, { type: 'puback', id: 1, code: 0 }, { type: 'pubrec', id: 2, code: 0 });
    say(true, 4, { type: 'pubrel', id: 2, code: 0 });
    say(false, 4, { type: 'pubcomp', id: 2, code: 0 }, publish('d', bytes('3'), { qos: 1, id: 1 }));
    dissector.end(9);
    expect(of('mqtt_publish').map(({ topic, from_client, qos, status }) => [topic, from_client, qos, status])).toEqual([
      ['a', true, 'at most once', 'ok'],
      ['b', true, 'at least once', 'ok'],
      ['c', true, 'exactly once', 'ok'],
      ['d', false, 'at least once', 'incomplete_qos'],
    ]);
  });

  it('follows topic aliases', () => {
    const { say, of } = watch();
    say(true, 5, CONNECT(5));
    say(
      true,
      5,
      publish('long', bytes('1'), { properties: { topicAlias: 2 } }),
      publish('', bytes('2'), { properties: { topicAlias: 2 } }),
    );
    expect(of('mqtt_publish').map(({ topic }) => topic)).toEqual(['long', 'long']);
  });

  it('joins subscriptions with what was granted', () => {
    const { say, of } = watch();
    const ask = (id: number, filter: string): Packet => ({ type: 'subscribe', id, filters: [{ filter, qos: 1 }] });
    say(true, 4, CONNECT(4), ask(1, '#'), ask(2, 'spBv1.0/#'), ask(3, 'works/pumps/+'), {
      type: 'unsubscribe',
      id: 4,
      filters: ['#'],
    });
    say(
      false,
      4,
      { type: 'suback', id: 1, codes: [0x80] },
      { type: 'suback', id: 2, codes: [1] },
      { type: 'suback', id: 3, codes: [1] },
    );
    say(false, 4, { type: 'unsuback', id: 4, codes: [] });
    expect(
      of('mqtt_subscribe').map(({ action, topics, granted_qos_level, wide, refused }) => [
        action,
        topics,
        granted_qos_level,
        wide,
        refused,
      ]),
    ).toEqual([
      ['MQTT::SUBSCRIBE', ['#'], 0x80, true, true],
      ['MQTT::SUBSCRIBE', ['spBv1.0/#'], 1, true, false],
      ['MQTT::SUBSCRIBE', ['works/pumps/+'], 1, false, false],
      ['MQTT::UNSUBSCRIBE', ['#'], undefined, false, false],
    ]);
  });

  it('reads Sparkplug: aliases by their births, commands, what was missed', () => {
    const { say, of } = watch();
    say(true, 4, CONNECT(4));
    const topic = (type: string, device = '/plc'): string => `spBv1.0/works/${type}/gw${device}`;
    const metric = { name: 'LIT101', alias: 3, type: 'Double' as const, value: 2.5 };
    say(
      true,
      4,
      publish(topic('NBIRTH', ''), encodePayload({ seq: 0, metrics: [{ name: 'bdSeq', type: 'Int64', value: 4 }] })),
      publish(topic('DBIRTH'), encodePayload({ seq: 1, metrics: [metric] })),
      publish(topic('DDATA'), encodePayload({ seq: 3, metrics: [{ alias: 3, value: 2.75 }] })),
      publish(topic('DCMD'), encodePayload({ metrics: [{ name: 'SC401', type: 'Boolean', value: true }] })),
      publish(topic('DDATA'), Uint8Array.of(0xff, 0xff)),
    );
    expect(of('sparkplug_message').map((row) => [row.message_type, row.seq, row.bd_seq, row.problem])).toEqual([
      ['NBIRTH', 0, 4, undefined],
      ['DBIRTH', 1, undefined, undefined],
      ['DDATA', 3, undefined, 'sequence'],
      ['DCMD', undefined, undefined, undefined],
      ['DDATA', undefined, undefined, 'payload'],
    ]);
    expect(of('sparkplug_metric').map((row) => [row.message_type, row.device, row.metric, row.value])).toEqual([
      ['NBIRTH', undefined, 'bdSeq', 4],
      ['DBIRTH', 'plc', 'LIT101', 2.5],
      ['DDATA', 'plc', 'LIT101', 2.75],
      ['DCMD', 'plc', 'SC401', 1],
    ]);
    expect(of('mqtt_publish').map(({ content }) => content)).toEqual([...new Array(4).fill('sparkplug'), 'text']);
  });

  it('knows firmware and other files by their beginnings', () => {
    const { say, of } = watch();
    say(true, 4, CONNECT(4));
    const image = makeFirmware({ vendor: 'Advantech', productCode: 'GW' }, '2.0');
    const elf = new Uint8Array(100_000);
    elf.set([0x7f, 0x45, 0x4c, 0x46]);
    say(
      true,
      4,
      publish('update', image),
      publish('drop', elf),
      publish('x', bytes('{"a":1}')),
      publish('y', bytes('MZ')),
    );
    expect(
      of('mqtt_publish').map(({ content, payload_len, content_hash }) => [content, payload_len, typeof content_hash]),
    ).toEqual([
      ['firmware', image.length, 'string'],
      ['executable', 100_000, 'undefined'],
      ['json', 7, 'undefined'],
      ['text', 2, 'undefined'],
    ]);
    expect(of('firmware_transfer')).toMatchObject([
      { carrier: 'mqtt', vendor: 'Advantech', version: '2.0', length: image.length },
    ]);
  });

  it('notes what breaks the standard or the order', () => {
    const { say, feed, of, dissector } = watch();
    say(true, 4, CONNECT(4));
    say(false, 4, CONNACK);
    say(true, 4, CONNECT(4), { type: 'pingresp' });
    feed(true, Uint8Array.of(0x30, 5, 0, 3, 0x2f, 0x2b, 0x2f));
    feed(true, Uint8Array.of(0x30, 100, 0, 3));
    dissector.end(1);
    expect(of('mqtt_violation').map(({ packet, reason }) => [packet, reason])).toEqual([
      ['connect', 'order'],
      ['pingresp', 'direction'],
      ['publish', 'topic'],
      [undefined, 'truncated'],
    ]);
  });

  it('says the same whatever way the segments are cut', () => {
    const stream = conversation();
    const whole = watch();
    whole.feed(true, stream);
    whole.dissector.end(0);
    expect(whole.events.length).toBeGreaterThan(10);
    fc.assert(
      fc.property(fc.infiniteStream(fc.integer({ min: 1, max: 300 })), (sizes) => {
        const cut = watch();
        for (let at = 0; at < stream.length; ) {
          const to = Math.min(stream.length, at + (sizes.next().value as number));
          cut.feed(true, stream.subarray(at, to));
          at = to;
        }
        cut.dissector.end(0);
        expect(cut.events).toEqual(whole.events);
      }),
      { numRuns: 50 },
    );
  });

  it('goes on behind a gap, and from the middle of a conversation', () => {
    const { feed, say, dissector, of } = watch();
    say(true, 4, CONNECT(4));
    say(false, 4, CONNACK);
    const message = encodePacket(publish('plant/level', bytes('2.5')), 4);
    feed(true, message.subarray(0, 6));
    dissector.gap(true, 1, 200);
    feed(true, Uint8Array.from([...message.subarray(9), ...message, ...message]));
    expect(of('mqtt_publish').map(({ topic }) => topic)).toEqual(['plant/level', 'plant/level']);
    expect(of('mqtt_violation')).toMatchObject([{ reason: 'truncated' }]);
    const late = watch();
    late.say(false, 5, publish('a/b', bytes('x'), { properties: { contentType: 'text' } }));
    late.say(false, 5, publish('a/c', bytes('y')));
    expect(late.of('mqtt_publish').map(({ topic, payload }) => [topic, payload])).toEqual([
      ['a/b', 'x'],
      ['a/c', 'y'],
    ]);
  });

  it('loses nothing but the payload when part of a large message is missing', () => {
    const { feed, say, dissector, of } = watch();
    say(true, 4, CONNECT(4));
    const large = encodePacket(publish('x', new Uint8Array(200_000)), 4);
    feed(true, large.subarray(0, 80_000));
    dissector.gap(true, 0, 50_000);
    feed(true, large.subarray(130_000));
    feed(true, encodePacket(publish('y', bytes('1')), 4));
    expect(of('mqtt_publish').map(({ topic, payload_len }) => [topic, payload_len])).toEqual([
      ['x', 200_000],
      ['y', 1],
    ]);
    expect(dissector.unparsedBytes).toBe(0);
  });
});

describe('the probe', () => {
  const probe = (data: readonly number[] | Uint8Array, fromOriginator = true): number | undefined => {
    const bytes = Uint8Array.from(data);
    return mqttDissector.probe(bytes, 0, bytes.length, fromOriginator);
  };

  it('knows CONNECT of every version beyond doubt, and waits for enough of it', () => {
    for (const version of [4, 5] as const) expect(probe(encodePacket(CONNECT(version), version))).toBe(0.99);
    expect(probe(encodePacket(CONNECT(4), 4).subarray(0, 5))).toBeUndefined();
    expect(probe([0x20], false)).toBeUndefined();
    expect(probe(encodePacket(CONNACK, 4), false)).toBe(0.7);
    expect(probe(encodePacket(publish('a/b', bytes('1')), 4), false)).toBe(0.6);
  });

  it('is not taken in by other protocols', () => {
    // HTTP, Modbus, S7, TLS, DNP3, SSH.
    expect(probe(bytes('GET / HTTP/1.1\r\n\r\n'))).toBe(0);
    expect(probe([0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 1])).toBe(0);
    expect(probe([3, 0, 0, 22, 17, 0xe0, 0, 0, 0, 1, 0, 0xc1, 2, 1, 0, 0xc2, 2, 1, 2, 0xc0, 1, 10])).toBe(0);
    expect(probe([0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0])).toBe(0);
    expect(probe([5, 0x64, 5, 0xc0, 1, 0, 10, 0, 0xe0, 0x8c])).toBe(0);
    expect(probe(bytes('SSH-2.0-OpenSSH_9.2\r\n'), false)).toBe(0);
  });
});

/** What a client says in a longer conversation, as one stream. */
function conversation(): Uint8Array {
  const packets: Packet[] = [CONNECT(5)];
  for (let i = 0; i < 12; i++)
    packets.push(
      publish(
        `spBv1.0/g/DDATA/n/d${i % 3}`,
        encodePayload({ seq: i, metrics: [{ name: 'a', type: 'Float', value: i }] }),
        {
          properties: { userProperties: [['k', 'v']] },
        },
      ),
      publish('x/y', new Uint8Array(i * 40), { qos: 1, id: i + 1 }),
    );
  packets.push({ type: 'subscribe', id: 99, filters: [{ filter: 'a/#', qos: 0 }] }, { type: 'disconnect', code: 0 });
  return Buffer.concat(packets.map((packet) => encodePacket(packet, 5)));
}

describe('fuzz', () => {
  const FRAMES = PROVE ? 1_000_000 : 20_000;

  /** A piece of a conversation with bytes changed, cut or repeated, or noise. */
  function* broken(count: number): Generator<Uint8Array> {
    const stream = conversation();
    const dice = new Dice(7);
    for (let i = 0; i < count; i++) {
      if (dice.below(5) === 0) {
        yield Uint8Array.from({ length: dice.below(60) }, () => dice.below(256));
        continue;
      }
      const at = dice.below(3) === 0 ? 0 : dice.below(stream.length);
      const piece = stream.slice(at, at + 1 + dice.below(120));
      for (let n = dice.below(4); n > 0; n--) piece[dice.below(piece.length)] = dice.below(256);
      yield piece;
    }
  }

  it('the dissector never throws, and keeps its bounds', () => {
    const dice = new Dice(3);
    let { dissector } = watch();
    let i = 0;
    for (const piece of broken(FRAMES)) {
      if (++i % 500 === 0) dissector = watch().dissector;
      dissector.data(dice.below(2) === 0, i, piece, 0, piece.length);
      if (dice.below(50) === 0) dissector.gap(dice.below(2) === 0, i, 1 + dice.below(1000));
      mqttDissector.probe(piece, 0, piece.length, dice.below(2) === 0);
    }
    dissector.end(i);
  }, 600_000);

  it('the broker and the client never throw, and always end what is broken', () => {
    const bench = new Bench();
    let i = 0;
    let hand = bench.hand(5);
    const client = new MqttClient({ clientId: 'c', version: 5 });
    const other = new MqttBroker({ anonymous: { publish: ['#'], subscribe: ['#'] } });
    for (const piece of broken(FRAMES)) {
      if (hand.connection.closing || i++ % 100 === 0) {
        hand.drop();
        hand = bench.hand(i % 2 === 0 ? 5 : 4);
        if (i % 3 > 0) hand.connect(`c${i % 7}`);
        client.disconnected(bench.now);
        client.opened(bench.now);
        if (i % 3 > 0) {
          const connection = other.connection('10.0.0.1', 1, bench.now);
          connection.receive(client.take() as Uint8Array, bench.now);
          client.receive(connection.take() as Uint8Array, bench.now);
        }
      }
      hand.raw(piece);
      hand.connection.take();
      client.receive(piece, bench.now);
      client.take();
      bench.wait(0.01);
    }
    expect(bench.broker.clients.length).toBeLessThan(20);
  }, 600_000);
});
