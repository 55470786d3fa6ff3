import { milliseconds } from '@penstock/core';
import { parseIpv4 } from '@penstock/protocols/ethernet';
import { describe, expect, test } from 'vitest';
import { FAULTS, hasTshark, tshark } from './capture.ts';
import { buildPair, buildZones, PLC, pattern, watch } from './plant.ts';

const REQUEST = Uint8Array.from([0, 1, 0, 0, 0, 6, 1, 3, 0, 0, 0, 4]);
const RESPONSE = Uint8Array.from([0, 1, 0, 0, 0, 11, 1, 3, 8, 0, 1, 0, 2, 0, 3, 0, 4]);

/** A plant's usual traffic over half an hour: polls, big transfers, datagrams, refusals, drops, pings, goodbyes. */
function play() {
  const zones = buildZones([{ port: 502 }, { transport: 'icmp' }]);
  const { plc, scada, office, run, queue } = zones;
  plc.listen(502, (connection) => ({ data: () => void connection.send(RESPONSE), closed() {} }));
  plc.listen(2000, (connection) => ({ data: (b, s, e) => void connection.send(b, s, e), closed() {} }));
  plc.udp(40001, () => {});
  const standing = scada.connect(PLC, 502, watch().handler);
  const routed = office.connect(PLC, 502, watch().handler);
  for (let second = 0; second < 1800; second++) {
    queue.in(milliseconds(1000 * second + 3), { run: () => void standing.send(REQUEST) });
    if (second % 5 === 0) queue.in(milliseconds(1000 * second + 7), { run: () => void routed.send(REQUEST) });
  }
  const bulk = scada.connect(PLC, 2000, watch().handler);
  bulk.send(pattern(400_000));
  bulk.close();
  scada.connect(PLC, 80, watch().handler);
  office.connect(PLC, 80, watch().handler);
  const socket = scada.udp(0, () => {});
  socket.send(PLC, 40001, pattern(48));
  socket.send(PLC, 40002, pattern(11));
  socket.send(PLC, 40001, pattern(47));
  socket.send(parseIpv4('10.20.1.255'), 5000, pattern(1000));
  office.ping(PLC, () => {});
  scada.ping(PLC, () => {}, 1000);
  run(1900);
  standing.close();
  routed.abort();
  run(100);
  return zones;
}

describe.skipIf(!hasTshark)('a capture opens clean in tshark', () => {
  const zones = play();

  test('no malformed frame, no bad checksum', () => {
    expect(zones.tap.frames.length).toBeGreaterThan(7000);
    expect(tshark(zones.tap, FAULTS)).toEqual([]);
  });

  test('every checksum was looked at', () => {
    const packets = tshark(zones.tap, 'tcp').length;
    expect(tshark(zones.tap, 'tcp.checksum.status == "Good"')).toHaveLength(packets);
    expect(tshark(zones.tap, 'udp && !icmp').length).toBe(
      tshark(zones.tap, 'udp.checksum.status == "Good" && !icmp').length,
    );
  });

  test('nothing unexpected in any sequence of a lossless run but the SYNs that the firewall drops', () => {
    const odd = tshark(zones.tap, 'tcp.analysis.flags', 'ip.src', 'tcp.dstport', 'tcp.flags');
    expect(odd.map(([, ...row]) => row)).toEqual(Array.from({ length: 3 }, () => ['10.20.4.30', '80', '0x0002']));
  });

  test('Modbus is recognised on its port, requests paired with responses', () => {
    const polls = 1800 + 360;
    expect(tshark(zones.tap, 'mbtcp && tcp.dstport == 502')).toHaveLength(polls);
    expect(tshark(zones.tap, 'modbus.request_frame')).toHaveLength(polls);
  });

  test('ARP is asked and answered with the right addresses', () => {
    expect(tshark(zones.tap, 'arp.duplicate-address-detected')).toEqual([]);
    const answers = tshark(zones.tap, 'arp.opcode == 2', 'arp.src.proto_ipv4', 'arp.src.hw_mac');
    const known: Record<string, string> = {
      '10.20.1.13': '00:80:f4:00:00:13',
      '10.20.1.20': '00:50:56:00:00:20',
      '10.20.1.1': '00:90:0b:00:00:01',
      '10.20.4.1': '00:90:0b:00:00:02',
      '10.20.4.30': '00:50:56:00:04:30',
    };
    expect(answers.length).toBeGreaterThan(10);
    for (const [, address, mac] of answers) expect(mac).toBe(known[address as string]);
  });

  test('a routed packet is there once, with its sender on the segment', () => {
    const routed = tshark(zones.tap, 'ip.src == 10.20.4.30 && tcp.dstport == 502', 'eth.src', 'eth.dst', 'ip.ttl');
    for (const [, ...row] of routed) expect(row).toEqual(['00:50:56:00:04:30', '00:90:0b:00:00:02', '64']);
  });
});

describe.skipIf(!hasTshark)('a lossy capture', () => {
  test('shows retransmissions, and no fault', () => {
    const pair = buildPair({ loss: 0.05, jitter: milliseconds(2), latency: milliseconds(5) });
    pair.plc.listen(502, (connection) => ({ data: (b, s, e) => void connection.send(b, s, e), closed() {} }));
    const connection = pair.scada.connect(PLC, 502, watch().handler);
    connection.send(pattern(100_000));
    pair.run(60);
    expect(tshark(pair.tap, FAULTS)).toEqual([]);
    expect(tshark(pair.tap, 'tcp.analysis.retransmission').length).toBeGreaterThan(3);
  });
});

test('tshark is there to judge captures', ({ skip }) => {
  skip(!hasTshark, 'tshark is not installed: captures were not judged');
});
