import { milliseconds, seconds } from '@penstock/core';
import { formatMac, parseIpv4, readArp } from '@penstock/protocols/ethernet';
import { describe, expect, test } from 'vitest';
import { Interposition, type InterpositionOptions } from '../index.ts';
import { FAULTS, hasTshark, tshark } from './capture.ts';
import { buildPair, buildZones, OFFICE, PLC, SCADA, watch } from './plant.ts';

const TRUE_MACS = { plc: '00:80:f4:00:00:13', scada: '00:50:56:00:00:20', intruder: '00:0c:29:00:00:66' };

/** A SCADA server that polls a controller, and an intruder on their segment. */
function build(options?: InterpositionOptions) {
  const pair = buildPair();
  const { wire, plc, scada, queue } = pair;
  const intruder = wire.addHost({ id: 'box', segment: 'control', address: '10.20.1.66', mac: TRUE_MACS.intruder });
  plc.listen(502, (connection) => ({ data: (b, s, e) => void connection.send(b, s, e), closed() {} }));
  const { handler, bytes, log } = watch();
  const connection = scada.connect(PLC, 502, handler);
  const poll = {
    run() {
      connection.send(Uint8Array.of(1, 2, 3, 4));
      queue.in(seconds(1), poll);
    },
  };
  queue.in(seconds(1), poll);
  pair.run(5.5);
  const before = pair.tap.frames.length;
  const start = () => new Interposition(intruder, SCADA, PLC, options);
  return { ...pair, intruder, connection, bytes, log, start, since: () => pair.tap.frames.slice(before) };
}

const mac = (bytes: Uint8Array, at: number) =>
  formatMac(Number.parseInt(Buffer.from(bytes.subarray(at, at + 6)).toString('hex'), 16));
const payloads = (frames: { bytes: Uint8Array }[]) =>
  frames
    .filter(({ bytes }) => bytes[12] === 8 && bytes[13] === 0 && bytes[23] === 6)
    .map(({ bytes }) => ({
      from: mac(bytes, 6),
      to: mac(bytes, 0),
      data: [...bytes.subarray(54, 14 + (((bytes[16] as number) << 8) | (bytes[17] as number)))],
    }))
    .filter(({ data }) => data.length > 0);

describe('between two hosts', () => {
  test('forged replies are on the tap, and both legs of every packet', () => {
    const { start, run, since, bytes, plc, scada, queue } = build();
    const interposition = start();
    run(1.2);
    expect(interposition.running).toBe(true);
    const forged = since()
      .filter((f) => f.bytes[13] === 6 && f.bytes[21] === 2)
      .map((f) => {
        const packet = { operation: 0, senderMac: 0, senderAddress: 0, targetMac: 0, targetAddress: 0 };
        readArp(f.bytes, 14, 60, packet);
        return packet;
      })
      .filter((p) => formatMac(p.senderMac) === TRUE_MACS.intruder);
    expect(new Set(forged.map((p) => p.senderAddress))).toEqual(new Set([PLC, SCADA]));
    expect(payloads(since())).toEqual([
      { from: TRUE_MACS.scada, to: TRUE_MACS.intruder, data: [1, 2, 3, 4] },
      { from: TRUE_MACS.intruder, to: TRUE_MACS.plc, data: [1, 2, 3, 4] },
      { from: TRUE_MACS.plc, to: TRUE_MACS.intruder, data: [1, 2, 3, 4] },
      { from: TRUE_MACS.intruder, to: TRUE_MACS.scada, data: [1, 2, 3, 4] },
    ]);
    expect(bytes).toHaveLength(24);
    for (const host of [plc, scada])
      for (const neighbour of host.interfaces[0]?.arp.known(queue.now) ?? [])
        if (neighbour.address !== parseIpv4('10.20.1.66')) expect(formatMac(neighbour.mac)).toBe(TRUE_MACS.intruder);
  });

  test('a payload is rewritten in place and still has a right checksum', () => {
    const { start, run, bytes, tap, plc } = build({
      hook(packet) {
        if (packet.fromFirst && packet.end > packet.payload && packet.destinationPort === 502) {
          packet.buffer[packet.payload] = 99;
          packet.changed = true;
        }
        return true;
      },
    });
    const interposition = start();
    run(10);
    expect(bytes.slice(-4)).toEqual([99, 2, 3, 4]);
    expect(interposition.changed).toBe(10);
    expect(plc.dropped).toBe(0);
    if (hasTshark) expect(tshark(tap, FAULTS)).toEqual([]);
  });

  test('packets can be dropped and held up', () => {
    let drop = true;
    const { start, run, bytes, connection } = build({
      hook(packet) {
        packet.delay = milliseconds(100);
        return !drop;
      },
    });
    const interposition = start();
    run(3);
    expect(bytes).toHaveLength(20);
    expect(interposition.dropped).toBeGreaterThan(3);
    expect(connection.buffered).toBe(12);
    drop = false;
    run(10);
    expect(bytes.length).toBe(4 * 18);
  });

  test('the truth is told at the end and the intruder is out of the way', () => {
    const { start, run, since, bytes, intruder, plc, scada, queue } = build();
    const interposition = start();
    run(10);
    interposition.stop();
    run(5);
    const before = since().length;
    run(5);
    expect(payloads(since().slice(before)).every((p) => p.from !== TRUE_MACS.intruder)).toBe(true);
    expect(bytes).toHaveLength(4 * 25);
    const known = (host: typeof plc, address: number) =>
      host.interfaces[0]?.arp.known(queue.now).find((n) => n.address === address)?.mac;
    expect(formatMac(known(plc, SCADA) as number)).toBe(TRUE_MACS.scada);
    expect(formatMac(known(scada, PLC) as number)).toBe(TRUE_MACS.plc);
    expect(intruder.stray).toBeUndefined();
  });

  test('an announcement of a victim is answered with the lie', () => {
    const { start, run, scada, queue, plc } = build();
    start();
    run(3);
    plc.linkDown();
    plc.linkUp();
    run(0.5);
    const plcAt = scada.interfaces[0]?.arp.known(queue.now).find((n) => n.address === PLC)?.mac as number;
    expect(formatMac(plcAt)).toBe(TRUE_MACS.intruder);
  });

  test('only neighbours, and one pair at a time', () => {
    const { start, intruder } = build();
    expect(() => new Interposition(intruder, SCADA, OFFICE)).toThrow(
      expect.objectContaining({ id: 'interposition.segment' }),
    );
    start();
    expect(start).toThrow(expect.objectContaining({ id: 'interposition.busy' }));
  });
});

test('between a host and the gateway it sees what leaves the segment', () => {
  const zones = buildZones([{ from: SCADA, to: OFFICE, port: 80 }]);
  const intruder = zones.wire.addHost({
    id: 'box',
    segment: 'control',
    address: '10.20.1.66',
    mac: TRUE_MACS.intruder,
  });
  zones.office.listen(80, (connection) => ({ data: (b, s, e) => void connection.send(b, s, e), closed() {} }));
  const seen = new Set<string>();
  const interposition = new Interposition(intruder, SCADA, parseIpv4('10.20.1.1'), {
    hook: (packet) => {
      seen.add(`${packet.fromFirst} ${packet.sourcePort === 80 || packet.destinationPort === 80}`);
      return true;
    },
  });
  zones.run(1);
  const { handler, bytes } = watch();
  zones.scada.connect(OFFICE, 80, handler).send(Uint8Array.of(1, 2, 3));
  zones.run(1);
  expect(bytes).toEqual([1, 2, 3]);
  expect(seen).toEqual(new Set(['true true', 'false true']));
  expect(interposition.relayed).toBeGreaterThan(4);
});
