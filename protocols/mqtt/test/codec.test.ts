import fc from 'fast-check';
import mqttPacket from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import { decodePacket, encodePacket, type FaultReason, type Packet, PacketReader, type Version } from '../index.ts';
import { bytes, packetsOf } from './wired.ts';

const hex = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value.replaceAll(' ', ''), 'hex'));

describe('packets as the standard has them', () => {
  // CONNECT of 3.1.1, figure 3.6 with its will, and of 5.0.
  it.each<[string, Version, Packet, string]>([
    [
      'CONNECT 3.1.1',
      4,
      {
        ...{ type: 'connect', protocolName: 'MQTT', version: 4, cleanStart: true, keepAlive: 60, clientId: 'edge' },
        will: { topic: 'w', payload: bytes('x'), qos: 1, retain: true, properties: undefined },
        ...{ username: 'u', password: bytes('p'), properties: undefined },
      },
      '10 1c 0004 4d515454 04 ee 003c 0004 65646765 0001 77 0001 78 0001 75 0001 70',
    ],
    ['CONNACK 3.1.1', 4, { type: 'connack', sessionPresent: true, code: 0, properties: undefined }, '20 02 01 00'],
    [
      'CONNACK 5.0',
      5,
      { type: 'connack', sessionPresent: false, code: 0, properties: { receiveMaximum: 20, topicAliasMaximum: 10 } },
      '20 09 00 00 06 21 0014 22 000a',
    ],
    [
      'PUBLISH 3.1.1',
      4,
      {
        type: 'publish',
        topic: 'a/b',
        payload: bytes('hi'),
        qos: 1,
        retain: true,
        dup: false,
        id: 10,
        properties: undefined,
      },
      '33 09 0003 612f62 000a 6869',
    ],
    [
      'PUBLISH 5.0',
      5,
      {
        ...{ type: 'publish', topic: '', payload: bytes(''), qos: 0, retain: false, dup: false, id: 0 },
        properties: { userProperties: [['k', 'v']], topicAlias: 3 },
      },
      '30 0d 0000 0a 23 0003 26 0001 6b 0001 76',
    ],
    ['PUBACK 5.0', 5, { type: 'puback', id: 7, code: 0x10, properties: undefined }, '40 03 0007 10'],
    ['PUBREL', 4, { type: 'pubrel', id: 7, code: 0, properties: undefined }, '62 02 0007'],
    [
      'SUBSCRIBE 5.0',
      5,
      {
        ...{ type: 'subscribe', id: 1, properties: { subscriptionIds: [200] } },
        filters: [{ filter: 'a/#', qos: 2, noLocal: true, retainAsPublished: true, retainHandling: 2 }],
      },
      '82 0c 0001 03 0b c801 0003 612f23 2e',
    ],
    ['SUBACK', 4, { type: 'suback', id: 1, codes: [2, 0x80], properties: undefined }, '90 04 0001 02 80'],
    ['UNSUBSCRIBE', 4, { type: 'unsubscribe', id: 1, filters: ['a'], properties: undefined }, 'a2 05 0001 0001 61'],
    ['PINGREQ', 4, { type: 'pingreq' }, 'c0 00'],
    ['DISCONNECT 5.0', 5, { type: 'disconnect', code: 0x8e, properties: undefined }, 'e0 01 8e'],
  ])('%s', (_, version, packet, wire) => {
    expect(Buffer.from(encodePacket(packet, version)).toString('hex')).toBe(wire.replaceAll(' ', ''));
    expect(packetsOf(hex(wire), version)).toEqual([packet]);
  });
});

/** What is wrong, in 3.1.1 unless the row says 5. */
const WRONG: readonly [string, string, FaultReason, Version?][] = [
  ['a wildcard in a topic name', '30 05 0003 2f2b2f', 'topic'],
  ['a topic that is no UTF-8', '30 04 0002 c328', 'text'],
  ['U+0000 in a topic', '30 04 0002 6100', 'text'],
  ['an empty topic', '30 02 0000', 'topic'],
  ['packet id 0', '32 05 0001 61 0000', 'packet-id'],
  ['a repetition with QoS 0', '38 04 0001 6161', 'flags'],
  ['QoS 3', '36 06 0001 61 0001 61', 'qos'],
  ['an alias 0', '30 07 0001 61 03 230000', 'property', 5],
  ['a property twice', '30 0a 0001 61 06 230001 230002', 'property-twice', 5],
  ['a property of another packet', '30 09 0001 61 05 1800000005', 'property-place', 5],
  ['a property that there is not', '30 06 0001 61 02 7f01', 'property', 5],
  ['properties beyond the end', '30 05 0001 61 7f 23', 'truncated', 5],
  ['a property that is cut', '30 08 0001 61 04 03000561', 'truncated', 5],
  ['no filter', '82 02 0001', 'empty'],
  ['a filter with # inside', '82 08 0001 0003 23 2f 61 00', 'filter'],
  ['a filter with a wildcard in a word', '82 07 0001 0002 612b 00', 'filter'],
  ['subscription with QoS 3', '82 06 0001 0001 61 03', 'options'],
  ['reserved options', '82 07 0001 00 0001 61 c0', 'options', 5],
  ['retain handling 3', '82 07 0001 00 0001 61 30', 'options', 5],
  ['no local of a shared subscription', '82 10 0001 00 000a 2473686172652f672f61 04', 'options', 5],
  ['SUBSCRIBE without its flag', '80 06 0001 0001 61 00', 'flags'],
  ['a reserved flag of CONNECT', '10 0d 0004 4d515454 04 03 0000 0001 61', 'flags'],
  ['a will QoS without a will', '10 0d 0004 4d515454 04 0a 0000 0001 61', 'flags'],
  ['a password without a name', '10 10 0004 4d515454 04 42 0000 0001 61 0001 70', 'flags'],
  ['another protocol', '10 0d 0004 48545450 04 02 0000 0001 61', 'protocol-name'],
  ['another version', '10 0d 0004 4d515454 06 02 0000 0001 61', 'version'],
  ['a SUBACK of no such code', '90 03 0001 55', 'code'],
  ['something behind PINGREQ', 'c0 01 61', 'trailing'],
  ['type 0', '00 00', 'type'],
  ['AUTH before version 5', 'f0 00', 'type'],
];

function faultOf(stream: Uint8Array, version: Version): FaultReason | undefined {
  let found: FaultReason | undefined;
  const reader = new PacketReader(
    {
      packet: (first, buffer, start, end) => {
        found = decodePacket(first, buffer, start, end, version).fault?.reason;
        return true;
      },
      fault: (reason) => {
        found = reason;
      },
    },
    1000,
  );
  reader.receive(stream, 0, stream.length);
  return found;
}

describe('packets that break the standard', () => {
  it.each(WRONG)('%s', (_, wire, reason, version = 4) => {
    expect(faultOf(hex(wire), version)).toBe(reason);
  });

  it('finds more of them than mqtt-packet, which is why that is a judge and not our codec', () => {
    const passed = WRONG.filter(([, wire, , protocolVersion = 4]) => {
      let isTaken = false;
      const parser = mqttPacket.parser({ protocolVersion });
      parser.on('packet', () => {
        isTaken = true;
      });
      parser.on('error', () => {});
      parser.parse(Buffer.from(hex(wire)));
      return isTaken;
    });
    expect(passed.length).toBeGreaterThan(8);
  });

  it('a length of more than four bytes, and a packet beyond the limit', () => {
    expect(faultOf(hex('30 ffffffff 01'), 4)).toBe('length');
    expect(faultOf(hex('30 e907'), 4)).toBe('size');
  });
});

const word = fc.string({ minLength: 1, maxLength: 12, unit: fc.constantFrom(...'abcXYZ019 _-äß漢🜂') });
const topic = fc.array(word, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'));
const payload = fc.uint8Array({ maxLength: 300 });
const id = fc.integer({ min: 1, max: 0xffff });
const qos = fc.constantFrom(0, 1, 2) as fc.Arbitrary<0 | 1 | 2>;
const pairs = fc.array(fc.tuple(word, word), { minLength: 1, maxLength: 3 });
const four = fc.integer({ min: 0, max: 0xffff_ffff });

const publishes = fc.record({ topic, payload, level: qos, retain: fc.boolean(), again: fc.boolean(), id });
const messageProperties = fc.record(
  {
    payloadFormat: fc.constantFrom(0, 1),
    messageExpiry: four,
    contentType: word,
    responseTopic: topic,
    correlationData: payload,
    topicAlias: id,
    userProperties: pairs,
  },
  { requiredKeys: [] },
);

/** Undefined and empty properties are the same on the wire. */
const plain = (properties: object): object | undefined =>
  Object.keys(properties).length === 0 ? undefined : properties;

describe('any packet', () => {
  it('is what it was after encoding and decoding, in whatever parts the stream comes', () => {
    fc.assert(
      fc.property(
        publishes,
        messageProperties,
        fc.constantFrom(4, 5) as fc.Arbitrary<4 | 5>,
        fc.infiniteStream(fc.integer({ min: 1, max: 40 })),
        (p, properties, version, sizes) => {
          const packet: Packet = {
            ...{ type: 'publish', topic: p.topic, payload: p.payload, qos: p.level, retain: p.retain },
            ...{ dup: p.again && p.level > 0, id: p.level > 0 ? p.id : 0 },
            properties: version === 5 ? plain(properties) : undefined,
          };
          const wire = encodePacket(packet, version);
          const stream = Uint8Array.from([...wire, 0xc0, 0, ...wire]);
          const packets: Packet[] = [];
          const reader = new PacketReader(
            {
              packet: (first, buffer, start, end) => {
                const { packet: read, fault } = decodePacket(first, buffer, start, end, version);
                expect(fault).toBeUndefined();
                packets.push(read as Packet);
                return true;
              },
              fault: (reason) => expect.fail(reason),
            },
            4096,
          );
          for (let at = 0; at < stream.length; ) {
            const to = Math.min(stream.length, at + (sizes.next().value as number));
            reader.receive(stream, at, to);
            at = to;
          }
          expect(packets).toEqual([packet, { type: 'pingreq' }, packet]);
        },
      ),
    );
  });

  it('is the same to mqtt-packet: PUBLISH', () => {
    fc.assert(
      fc.property(publishes, messageProperties, (p, { topicAlias: _, ...properties }) => {
        const { messageExpiry, payloadFormat, userProperties, ...rest } = properties;
        const theirs = mqttPacket.generate(
          {
            ...{ cmd: 'publish', topic: p.topic, payload: Buffer.from(p.payload), qos: p.level, retain: p.retain },
            dup: false,
            ...(p.level > 0 && { messageId: p.id }),
            properties: {
              ...(rest.contentType !== undefined && { contentType: rest.contentType }),
              ...(rest.responseTopic !== undefined && { responseTopic: rest.responseTopic }),
              ...(rest.correlationData !== undefined && { correlationData: Buffer.from(rest.correlationData) }),
              ...(messageExpiry !== undefined && { messageExpiryInterval: messageExpiry }),
              ...(payloadFormat !== undefined && { payloadFormatIndicator: payloadFormat === 1 }),
            },
          },
          { protocolVersion: 5 },
        );
        const [read] = packetsOf(theirs, 5);
        expect(read).toEqual({
          ...{ type: 'publish', topic: p.topic, payload: p.payload, qos: p.level, retain: p.retain, dup: false },
          id: p.level > 0 ? p.id : 0,
          properties: plain(
            Object.fromEntries(
              Object.entries({ messageExpiry, payloadFormat, ...rest }).filter(([, value]) => value !== undefined),
            ),
          ),
        });
        expect(userProperties === undefined || userProperties.length > 0).toBe(true);
      }),
    );
  });

  it('is the same to mqtt-packet: CONNECT', () => {
    fc.assert(
      fc.property(
        word,
        word,
        payload,
        topic,
        qos,
        fc.boolean(),
        pairs,
        four,
        fc.constantFrom(4, 5) as fc.Arbitrary<4 | 5>,
        (clientId, username, password, willTopic, level, flag, userProperties, willDelay, version) => {
          const ours: Packet = {
            ...{
              type: 'connect',
              protocolName: 'MQTT',
              version,
              cleanStart: flag,
              keepAlive: 30,
              clientId,
              username,
              password,
            },
            will: {
              topic: willTopic,
              payload: password,
              qos: level,
              retain: flag,
              properties: version === 5 ? { willDelay } : undefined,
            },
            properties: version === 5 ? { receiveMaximum: 9, userProperties } : undefined,
          };
          const parser = mqttPacket.parser();
          let theirs: mqttPacket.Packet | undefined;
          parser.on('packet', (read) => {
            theirs = read;
          });
          parser.parse(Buffer.from(encodePacket(ours, version)));
          expect(theirs).toMatchObject({
            ...{ cmd: 'connect', protocolVersion: version, clean: flag, keepalive: 30, clientId, username },
            password: Buffer.from(password),
            will: { topic: willTopic, payload: Buffer.from(password), qos: level, retain: flag },
          });
          expect(packetsOf(mqttPacket.generate(theirs as mqttPacket.Packet), version)).toMatchObject([
            { clientId, username, password, cleanStart: flag },
          ]);
        },
      ),
    );
  });
});
