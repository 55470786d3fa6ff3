import { type Instant, seconds } from '@penstock/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BUILT_IN, PLANT_NAMESPACE, readRequest, stringId, writeBody } from '../opcua/index.ts';
import { testPlant } from '../opcua/test/plant.ts';
import { TestSession } from '../opcua/test/session.ts';
import { NO_CONTEXT, readPacket } from './index.ts';
import { readOpcUa } from './opcua.ts';
import { checkPlaces, frame, places, walk } from './test/frames.ts';

const at = (path: string) => stringId(path, PLANT_NAMESPACE);
const double = (value: number) => ({ type: BUILT_IN.Double, value });
const operator = { user: { name: 'operator', password: 'weir' } };

/** Everything that a client and a server say while a value is written, read and subscribed. */
function conversation(): TestSession {
  const session = new TestSession(testPlant(), operator);
  session.client.subscribe({ items: [at('LIT101')], publishingInterval: 500, onData: () => {} }, 0 as Instant);
  session.pump();
  session.ask(
    'Write',
    writeBody([
      [at('SP101'), double(3)],
      [at('LIT101'), double(1)],
    ]),
  );
  session.ask('Read', readRequest([at('SP101'), at('NONE')]).body);
  session.pass(seconds(1));
  return session;
}

const read = ({ fromClient, bytes }: TestSession['traffic'][number]) => {
  const packet = frame(bytes, fromClient ? 50_000 : 4840, fromClient ? 4840 : 50_000);
  return { packet, ...readPacket(packet, 0, packet.length, NO_CONTEXT) };
};

describe('OPC UA in one packet', () => {
  it('tells every message of a session, what is written and read, and never a password', () => {
    const packets = conversation().traffic.map(read);
    expect(packets.map(({ protocol }) => protocol).filter((name) => name !== 'opcua')).toEqual([]);
    for (const { packet, tree } of packets) checkPlaces(tree, 0, packet.length);
    const lines = packets.flatMap(({ info }) => info.split('; '));
    expect(lines).toEqual(
      expect.arrayContaining([
        'HEL opc.tcp://10.20.2.20:4840',
        'ACK',
        'OpenSecureChannelRequest',
        'CreateSessionRequest Historian of urn:works:historian',
        'ActivateSessionRequest user operator',
        'WriteRequest ns=2;s=SP101 3, ns=2;s=LIT101 1',
        'WriteResponse Result Good, Result BadNotWritable',
        'ReadRequest ns=2;s=SP101, ns=2;s=NONE',
        'ReadResponse Value 3, Value BadNodeIdUnknown',
        'CreateMonitoredItemsRequest ns=2;s=LIT101',
      ]),
    );
    expect(lines.filter((line) => line.startsWith('PublishResponse'))).toContain(
      'PublishResponse subscription 1: item 0 2.5',
    );
    expect(JSON.stringify(packets.map(({ tree }) => tree))).not.toContain('weir');
  });

  it('names the tags of nodes, each at its place', () => {
    const write = conversation()
      .traffic.map(read)
      .find(({ info }) => info.startsWith('WriteRequest'));
    expect(write?.tags).toEqual(['SP101', 'LIT101']);
    const fields = walk(write?.tree ?? []).filter(({ tag }) => tag !== null);
    expect(fields.map(({ name, value, tag }) => [name, value, tag])).toEqual([
      ['ns=2;s=SP101', '3', 'SP101'],
      ['ns=2;s=LIT101', '1', 'LIT101'],
    ]);
    const [first, second] = fields as [(typeof fields)[number], (typeof fields)[number]];
    // A node id of a string, an attribute, no index range, and a value of eight bytes with its type.
    expect([first.end - first.start, second.start - first.end]).toEqual([3 + 4 + 5 + 4 + 4 + 1 + 1 + 8, 0]);
  });

  it('tells a chunk that goes on in the next packet as far as it is there', () => {
    const write = conversation().traffic.find((one) => read(one).info.startsWith('WriteRequest'));
    const { bytes } = write as { bytes: Uint8Array };
    const cut = read({ fromClient: true, bytes: bytes.subarray(0, bytes.length - 12) });
    expect(cut.info).toBe(
      `WriteRequest ns=2;s=SP101 3 and 1 more, the first ${bytes.length - 12} of ${bytes.length} bytes`,
    );
    const rest = read({ fromClient: true, bytes: bytes.subarray(bytes.length - 12) });
    expect([rest.protocol, rest.info]).toEqual(['opcua', '12 bytes of a chunk']);
    expect(places(cut.tree)).toMatchObject({ Size: [String(bytes.length), 4, 8] });
  });

  it('of what is encrypted tells the outside', () => {
    const policy = 'http://opcfoundation.org/UA/SecurityPolicy#Basic256Sha256';
    const header = Buffer.alloc(12 + 4 + policy.length + 8 + 40, 0xee);
    header.write('OPNF', 0, 'latin1');
    header.writeUInt32LE(header.length, 4);
    header.writeUInt32LE(7, 8);
    header.writeInt32LE(policy.length, 12);
    header.write(policy, 16, 'latin1');
    header.writeInt32LE(-1, 16 + policy.length);
    header.writeInt32LE(-1, 20 + policy.length);
    expect(read({ fromClient: true, bytes: header }).info).toBe('OPN Basic256Sha256, encrypted');
    const message = Buffer.alloc(64, 0xee);
    message.write('MSGF', 0, 'latin1');
    message.writeUInt32LE(message.length, 4);
    expect(read({ fromClient: true, bytes: message }).info).toBe('40 bytes of a message');
  });

  it('never throws, and covers all bytes', () => {
    const messages = conversation().traffic.map(({ bytes }) => bytes);
    const spoilt = fc
      .tuple(fc.constantFrom(...messages), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 6 }), fc.nat())
      .map(([whole, changes, cut]) => {
        const bytes = whole.slice(0, 1 + (cut % whole.length));
        for (const [place, value] of changes) bytes[place % bytes.length] = value;
        return bytes;
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 80 }), spoilt), (bytes) => {
        const { field } = readOpcUa(bytes, 0, bytes.length);
        expect([field.start, field.end]).toEqual([0, bytes.length]);
        checkPlaces([field], 0, bytes.length);
      }),
    );
  });
});
