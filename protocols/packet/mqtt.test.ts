import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodePacket, type Packet } from '../mqtt/index.ts';
import { encodePayload } from '../sparkplug/index.ts';
import { looksLikeMqtt, readMqtt } from './mqtt.ts';

const read = (...packets: Packet[]) => {
  const bytes = new Uint8Array(Buffer.concat(packets.map((packet) => encodePacket(packet, 4))));
  return readMqtt(bytes, 0, bytes.length);
};
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

describe('MQTT in one packet', () => {
  it('tells control packets one by one, without the password', () => {
    const { info, field } = read(
      {
        ...{ type: 'connect', protocolName: 'MQTT', version: 4, cleanStart: true, keepAlive: 30, clientId: 'gw' },
        ...{ username: 'gateway', password: text('s3cret') },
      },
      { type: 'subscribe', id: 1, filters: [{ filter: 'a/#', qos: 1 }] },
    );
    expect(info).toBe('CONNECT gw, user gateway; SUBSCRIBE a/#');
    expect(JSON.stringify(field)).not.toContain('s3cret');
    expect(field.children.map(({ name, start, end }) => [name, start, end])).toEqual([
      ['CONNECT', 0, 33],
      ['SUBSCRIBE', 33, 43],
    ]);
  });

  it('tells metrics of Sparkplug, and which tags they are', () => {
    const metrics = [
      { name: 'LIT101', type: 'Double', value: 2.5 } as const,
      { alias: 7, type: 'Boolean', value: true } as const,
    ];
    const payload = encodePayload({ seq: 3, metrics });
    const { info, tags } = read({
      ...{ type: 'publish', topic: 'spBv1.0/works/DDATA/gw/plc', payload, qos: 0, retain: false, dup: false, id: 0 },
    });
    expect([info, tags]).toEqual(['PUBLISH spBv1.0/works/DDATA/gw/plc, 2 metrics', ['LIT101']]);
  });

  it('never throws, and covers all bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 80 }), (bytes) => {
        looksLikeMqtt(bytes, 0, bytes.length);
        const { field } = readMqtt(bytes, 0, bytes.length);
        expect([field.start, field.end]).toEqual([0, bytes.length]);
      }),
    );
  });
});
