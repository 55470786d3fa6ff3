import {
  ARP_REPLY,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  PROTOCOL_TCP,
  parseIpv4,
  TCP_ACK,
  TCP_RST,
  TCP_SYN,
  writeArp,
  writeEthernet,
  writeIpv4,
  writeTcp,
} from '@penstock/protocols/ethernet';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildPair, PLC, pattern, SCADA, watch } from './plant.ts';

/** A TCP segment from the SCADA server's address to the controller's, as a raw socket would send it. */
function segment(pair: ReturnType<typeof buildPair>, flags: number, sequence: number, sourcePort: number, spoil = -1) {
  const bytes = new Uint8Array(60);
  const { plc, scada } = pair;
  writeEthernet(bytes, 0, { destination: plc.mac, source: scada.mac, etherType: ETHERTYPE_IPV4 });
  const header = { source: SCADA, destination: PLC, timeToLive: 64, protocol: PROTOCOL_TCP, totalLength: 40 };
  writeIpv4(bytes, 14, { ...header, trafficClass: 0, identification: 1, flags: 2, fragmentOffset: 0 });
  const ports = { sourcePort, destinationPort: 502, acknowledgement: 0, window: 1024, urgent: 0 };
  writeTcp(bytes, 34, 54, 54, { ...ports, sequence, flags }, SCADA, PLC);
  if (spoil >= 0) bytes[spoil] = (bytes[spoil] as number) ^ 0x40;
  return bytes;
}

const lastFlags = (pair: ReturnType<typeof buildPair>) => pair.tap.frames.findLast((f) => f.bytes[23] === 6)?.bytes[47];

describe('frames of any content', () => {
  test('a right SYN is answered; one with a wrong checksum is not', () => {
    const pair = buildPair();
    pair.plc.listen(502, () => watch().handler);
    pair.scada.sendFrame(segment(pair, TCP_SYN, 1, 50_000));
    pair.run(0.001);
    // The SYN-ACK finds nobody at the other end.
    expect(lastFlags(pair)).toBe(TCP_RST);
    const before = pair.tap.frames.length;
    for (const spoiled of [16, 40, 50]) pair.scada.sendFrame(segment(pair, TCP_SYN, 1, 50_001, spoiled));
    pair.run(1);
    expect(pair.tap.frames.length - before).toBe(3);
    expect(pair.plc.dropped).toBe(3);
  });

  test('a RST that misses the next number does not end a connection; one that hits does', () => {
    const pair = buildPair();
    pair.plc.listen(502, () => watch().handler);
    const { log, handler } = watch();
    const connection = pair.scada.connect(PLC, 502, handler, { localPort: 50_000 });
    connection.send(pattern(10));
    pair.run(1);
    expect(pair.plc.tcp.connections).toBe(1);
    const view = new DataView(
      (pair.tap.frames.findLast((f) => f.bytes[29] === 20) as { bytes: Uint8Array }).bytes.buffer,
    );
    const next = view.getUint32(38) + 10;
    pair.scada.sendFrame(segment(pair, TCP_RST | TCP_ACK, (next + 100) >>> 0, 50_000));
    pair.run(1);
    expect(pair.plc.tcp.connections).toBe(1);
    expect(lastFlags(pair)).toBe(TCP_ACK);
    pair.scada.sendFrame(segment(pair, TCP_RST | TCP_ACK, next >>> 0, 50_000));
    pair.run(1);
    expect(pair.plc.tcp.connections).toBe(0);
    expect(log).toEqual(['open']);
  });

  test('ARP from outside the subnet is not believed', () => {
    const pair = buildPair();
    const bytes = new Uint8Array(60);
    writeEthernet(bytes, 0, { destination: pair.plc.mac, source: pair.scada.mac, etherType: ETHERTYPE_ARP });
    const sender = { senderMac: pair.scada.mac, senderAddress: parseIpv4('192.168.1.1') };
    writeArp(bytes, 14, { ...sender, operation: ARP_REPLY, targetMac: pair.plc.mac, targetAddress: PLC });
    pair.scada.sendFrame(bytes);
    pair.run(1);
    expect(pair.plc.interfaces[0]?.arp.known(pair.queue.now)).toEqual([]);
  });

  test('noise never brings a host down, and its connections go on', () => {
    const pair = buildPair();
    pair.plc.listen(502, (connection) => ({ data: (b, s, e) => void connection.send(b, s, e), closed() {} }));
    const { handler, bytes } = watch();
    const connection = pair.scada.connect(PLC, 502, handler, { localPort: 50_000 });
    const intruder = pair.wire.addHost({
      id: 'box',
      segment: 'control',
      address: '10.20.1.66',
      mac: '02:00:00:00:00:66',
    });
    pair.run(1);
    const template = segment(pair, TCP_ACK, 1, 50_000);
    let sent = 0;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 12, max: 59 }), fc.nat(255)), { maxLength: 12 }),
        fc.integer({ min: 14, max: 60 }),
        (changes, length) => {
          const frame = template.slice();
          for (const [at, value] of changes) frame[at] = value;
          intruder.sendFrame(frame.subarray(0, length));
          pair.run(0.001);
          connection.send(Uint8Array.of(7));
          sent++;
          pair.run(0.1);
        },
      ),
      { numRuns: 3000 },
    );
    pair.run(10);
    expect(bytes).toHaveLength(sent);
    expect(pair.wire.pool.inUse).toBe(0);
  });

  test('a frame is 14 to 1514 bytes', () => {
    const { scada } = buildPair();
    for (const length of [13, 1515])
      expect(() => scada.sendFrame(new Uint8Array(length))).toThrow(
        expect.objectContaining({ id: 'host.frame-length' }),
      );
  });
});
