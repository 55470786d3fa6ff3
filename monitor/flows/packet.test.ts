import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, ethernet, ipv4, pcapOf, udp, udpDatagram } from '../test/frames.ts';
import { type RecorderEvent, recorder } from '../test/recorder.ts';
import { type Run, run } from '../test/reference.ts';
import { ipv6Text } from './address.ts';

const FROM = [10, 0, 0, 1];
const TO = [10, 0, 0, 2];
const DATAGRAM = udpDatagram('10.0.0.1:1000', '10.0.0.2:7', 'hello');
const PACKET = ipv4(FROM, TO, 17, DATAGRAM);
const FROM6 = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
const TO6 = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];

const ipv6 = (next: number, payload: Uint8Array): Uint8Array =>
  concat([0x60, 0, 0, 0, payload.length >> 8, payload.length & 255, next, 64, ...FROM6, ...TO6], payload);

const play = (linkType: number, ...frames: Uint8Array[]): Run => run(pcapOf(frames, linkType), [recorder('udp')]);

/** What the dissector got, and between whom. */
function heard(result: Run): string[] {
  return result.events
    .filter(({ event }) => event.name === 'recorded')
    .map(
      ({ event, flow }) => `${flow.originatorAddress} ${flow.responderAddress} ${(event as RecorderEvent).originator}`,
    );
}
const HELLO = ['10.0.0.1 10.0.0.2 hello'];
const HELLO6 = ['fe80::1 fe80::2 hello'];

describe('link layers', () => {
  it('Ethernet, with no, one and stacked VLAN tags', () => {
    const mac = [2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1];
    expect(heard(play(1, ethernet(FROM, TO, 0x0800, PACKET)))).toEqual(HELLO);
    const tagged = play(1, concat(mac, [0x81, 0, 0x20, 5, 8, 0], PACKET));
    expect(heard(tagged)).toEqual(HELLO);
    expect(tagged.events[0]?.flow.vlan).toBe(5);
    expect(heard(play(1, concat(mac, [0x88, 0xa8, 0, 9, 0x81, 0, 0, 5, 8, 0], PACKET)))).toEqual(HELLO);
  });

  it('Ethernet padding is no payload', () => {
    expect(heard(play(1, concat(ethernet(FROM, TO, 0x0800, PACKET), new Uint8Array(30))))).toEqual(HELLO);
  });

  it('IEEE 802.2 with a SNAP header', () => {
    const snap = concat([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0, 60, 0xaa, 0xaa, 3, 0, 0, 0, 8, 0], PACKET);
    expect(heard(play(1, snap))).toEqual(HELLO);
  });

  it('raw IP, Linux cooked in both versions, BSD loopback in both byte orders', () => {
    for (const link of [101, 228, 12]) expect(heard(play(link, PACKET))).toEqual(HELLO);
    expect(heard(play(113, concat([0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0], PACKET)))).toEqual(HELLO);
    expect(heard(play(276, concat([8, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0], PACKET)))).toEqual(
      HELLO,
    );
    expect(heard(play(0, concat([2, 0, 0, 0], PACKET)))).toEqual(HELLO);
    expect(heard(play(108, concat([0, 0, 0, 2], PACKET)))).toEqual(HELLO);
    for (const family of [10, 24, 28, 30])
      expect(heard(play(0, concat([family, 0, 0, 0], ipv6(17, DATAGRAM))))).toEqual(HELLO6);
  });

  it('counts what is not IP by its EtherType, and what cannot be decoded', () => {
    const { summary } = play(1, ethernet(FROM, TO, 0x8892, PACKET), ethernet(FROM, TO, 60, PACKET), new Uint8Array(9));
    expect(summary).toMatchObject({ otherFrames: { llc: 1, '0x8892': 1 }, dropped: { malformed: 1 } });
    expect(play(147, PACKET).summary.dropped.unknownLink).toBe(1);
  });
});

describe('what is not believed', () => {
  it('an IP packet that claims to be longer than its frame was', () => {
    const longer = new Uint8Array(PACKET);
    longer[3] = 200;
    expect(play(101, longer).summary).toMatchObject({ flows: 0, dropped: { malformed: 1 } });
  });

  it('a wrong checksum from a sender whose others are right; where all are wrong, the network card makes them', () => {
    const good = udp('10.0.0.1:1000', '10.0.0.2:7', 'good');
    const bad = udp('10.0.0.1:1000', '10.0.0.2:7', 'evil');
    bad[bad.length - 1] = 0;
    const mixed = play(1, good, bad, good);
    expect(heard(mixed)).toEqual(['10.0.0.1 10.0.0.2 goodgood']);
    expect(mixed.summary.dropped.wrongChecksums).toBe(1);
    expect(mixed.events.at(-1)?.event).toMatchObject({ history: 'DC', orig_pkts: 2 });
    expect(play(1, ...Array.from({ length: 20 }, () => bad)).summary.dropped.wrongChecksums).toBe(0);
  });
});

describe('IPv6', () => {
  it('finds the transport behind extension headers', () => {
    const options = [0, 0, 1, 4, 0, 0, 0, 0];
    const chain = concat([60, ...options.slice(1)], [43, ...options.slice(1)], [17, 0, 0, 0, 0, 0, 0, 0], DATAGRAM);
    expect(heard(play(101, ipv6(0, chain)))).toEqual(HELLO6);
  });

  it('writes addresses as RFC 5952 has them', () => {
    expect(ipv6Text(0x20010db8, 0, 0, 1)).toBe('2001:db8::1');
    expect(ipv6Text(0, 0, 0, 0)).toBe('::');
    expect(ipv6Text(0, 0, 0, 1)).toBe('::1');
    expect(ipv6Text(0x20010db8, 0x00000001, 0x00000000, 0x00010001)).toBe('2001:db8:0:1::1:1');
    expect(ipv6Text(0x20010000, 0x00010001, 0x00010001, 0x00010000)).toBe('2001:0:1:1:1:1:1:0');
    expect(ipv6Text(0x00010002, 0x00030004, 0x00050006, 0x00000000)).toBe('1:2:3:4:5:6::');
  });
});

describe('fragments', () => {
  const data = Array.from({ length: 100 }, (_, i) => String.fromCharCode(33 + (i % 90))).join('');
  const whole = udpDatagram('10.0.0.1:1000', '10.0.0.2:7', data);
  const piece = (at: number, end: number, id = 1): Uint8Array =>
    ipv4(FROM, TO, 17, whole.slice(at, end), (at >> 3) | (end < whole.length ? 0x2000 : 0), id);

  it('are put together in any order, repeated ones once', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 6 }),
        fc.shuffledSubarray([0, 1, 2, 3, 4], { maxLength: 3 }),
        (order, again) => {
          const at = (i: number): Uint8Array => piece(i * 24, Math.min(whole.length, i * 24 + 24));
          const frames = order.filter((i) => i * 24 < whole.length).map(at);
          const result = play(101, ...frames.slice(0, 2), ...again.slice(0, 0).map(at), ...frames.slice(2));
          expect(heard(result)).toEqual([`10.0.0.1 10.0.0.2 ${data}`]);
          expect(result.events.at(-1)?.event).toMatchObject({ orig_ip_bytes: 128, orig_pkts: 1 });
        },
      ),
    );
    expect(heard(play(101, piece(0, 24), piece(0, 24), piece(48, 108), piece(24, 48)))).toEqual([
      `10.0.0.1 10.0.0.2 ${data}`,
    ]);
  });

  it('keep what came first where they overlap', () => {
    const forged = ipv4(FROM, TO, 17, new Uint8Array(48).fill(0x58), (16 >> 3) | 0x2000);
    expect(heard(play(101, piece(0, 32), forged, piece(64, 108)))[0]).toBe(
      `10.0.0.1 10.0.0.2 ${data.slice(0, 24)}${'X'.repeat(32)}${data.slice(56)}`,
    );
  });

  it('that never become whole are counted and forgotten', () => {
    const many = Array.from({ length: 3000 }, (_, i) => piece(0, 24, i));
    expect(play(101, ...many).summary.dropped.fragments).toBe(3000);
  });

  it('of IPv6', () => {
    const part = (at: number, end: number): Uint8Array => {
      const offset = at | (end < whole.length ? 1 : 0);
      return ipv6(44, concat([17, 0, offset >> 8, offset & 255, 0, 0, 0, 9], whole.slice(at, end)));
    };
    expect(heard(play(101, part(64, 108), part(0, 64)))).toEqual([`fe80::1 fe80::2 ${data}`]);
  });
});
