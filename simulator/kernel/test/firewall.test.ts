import {
  ETHERTYPE_IPV4,
  formatIpv4,
  PROTOCOL_TCP,
  parseIpv4,
  TCP_SYN,
  writeEthernet,
  writeIpv4,
  writeTcp,
} from '@penstock/protocols/ethernet';
import { describe, expect, test } from 'vitest';
import type { FirewallDrop, TcpConnection } from '../index.ts';
import { buildZones, OFFICE, PLC, pattern, SCADA, watch, type Zones } from './plant.ts';

function log(zones: Zones): string[] {
  const lines: string[] = [];
  zones.firewall.onDrop = (drop: FirewallDrop) =>
    lines.push(`${drop.reason} ${formatIpv4(drop.source)} ${formatIpv4(drop.destination)}:${drop.destinationPort}`);
  return lines;
}

function connect(zones: Zones, port: number) {
  const { log: events, handler, bytes } = watch();
  const connection = zones.office.connect(PLC, port, handler);
  return { events, connection, bytes };
}

describe('what a conduit allows', () => {
  test('passes, with its answers, and time to live one less', () => {
    const zones = buildZones([{ port: 502 }]);
    const drops = log(zones);
    let seen = 0;
    zones.plc.listen(502, (connection) => ({ data: (b, s, e) => void connection.send(b, s, e), closed() {} }));
    const receive = zones.plc.receive.bind(zones.plc);
    zones.plc.receive = (frame, on, now) => {
      if (frame.buffer[frame.start + 13] === 0) seen = frame.buffer[frame.start + 22] as number;
      return receive(frame, on, now);
    };
    const { events, connection, bytes } = connect(zones, 502);
    connection.send(pattern(4000));
    zones.run(1);
    connection.close();
    zones.run(1);
    expect(events).toEqual(['open', 'closed']);
    expect(bytes).toHaveLength(4000);
    expect(seen).toBe(63);
    expect(drops).toEqual([]);
    expect(zones.wire.pool.inUse).toBe(0);
  });

  test('a closed port behind it still refuses', () => {
    const zones = buildZones([{ port: undefined }]);
    const { events } = connect(zones, 80);
    zones.run(1);
    expect(events).toEqual(['refused']);
  });

  test('UDP and echo pass by their own rules; a closed UDP port is told of through it', () => {
    const zones = buildZones([{ transport: 'udp', port: 123 }, { transport: 'udp', port: 161 }, { transport: 'icmp' }]);
    const drops = log(zones);
    const server = zones.plc.udp(123, (_b, _s, _e, address, port) => server.send(address, port, Uint8Array.of(1)));
    let answers = 0;
    const told: number[] = [];
    const socket = zones.office.udp(0, () => {
      answers++;
    });
    socket.onUnreachable = (_address, port) => told.push(port);
    socket.send(PLC, 123, Uint8Array.of(1));
    socket.send(PLC, 161, Uint8Array.of(1));
    socket.send(PLC, 162, Uint8Array.of(1));
    const trips: unknown[] = [];
    zones.office.ping(PLC, (trip) => trips.push(trip));
    zones.run(1);
    expect([answers, told, trips]).toEqual([1, [161], [200]]);
    expect(drops).toEqual(['no-rule 10.20.4.30 10.20.1.13:162']);
  });
});

describe('everything else is dropped in silence', () => {
  test('another port, another host, the way back', () => {
    const zones = buildZones([{ port: 502 }]);
    const drops = log(zones);
    zones.plc.listen(80, () => watch().handler);
    zones.scada.listen(502, () => watch().handler);
    zones.office.listen(502, () => watch().handler);
    const other = connect(zones, 80);
    const scada = watch();
    zones.office.connect(SCADA, 502, scada.handler);
    const back = watch();
    zones.plc.connect(OFFICE, 502, back.handler);
    zones.run(11);
    expect([other.events, scada.log, back.log]).toEqual([['timeout'], ['timeout'], ['timeout']]);
    expect(new Set(drops)).toEqual(
      new Set([
        'no-rule 10.20.4.30 10.20.1.13:80',
        'no-rule 10.20.4.30 10.20.1.20:502',
        'no-rule 10.20.1.13 10.20.4.30:502',
      ]),
    );
    // A SYN at 0, 1, 3 and 7 s for each.
    expect(drops).toHaveLength(12);
    expect(zones.firewall.blocked).toBe(12);
  });

  test('a segment of no connection that it knows', () => {
    const zones = buildZones([{ port: 502 }]);
    const drops = log(zones);
    zones.plc.listen(502, (connection) => ({ data: (b, s, e) => void connection.send(b, s, e), closed() {} }));
    const { connection, events } = connect(zones, 502);
    zones.run(1);
    zones.firewall.revoke('office-control');
    connection.send(pattern(12));
    zones.run(200);
    expect(events).toEqual(['open', 'timeout']);
    expect(new Set(drops)).toEqual(new Set(['no-state 10.20.4.30 10.20.1.13:502']));
  });

  test('what a conduit let through that was closed, and nothing of another', () => {
    const zones = buildZones([{ port: 502 }, { conduit: 'office-web', port: 80 }]);
    const drops = log(zones);
    for (const port of [502, 80])
      zones.plc.listen(port, (connection) => ({ data: (b, s, e) => void connection.send(b, s, e), closed() {} }));
    const modbus = connect(zones, 502);
    const web = connect(zones, 80);
    zones.run(1);
    zones.firewall.revoke('office-control');
    expect(zones.firewall.flows).toBe(1);
    for (const { connection } of [modbus, web]) connection.send(pattern(12));
    zones.run(20);
    expect(web.bytes).toHaveLength(12);
    expect(modbus.bytes).toHaveLength(0);
    expect(new Set(drops)).toEqual(new Set(['no-state 10.20.4.30 10.20.1.13:502']));
  });

  test('a source that is not of the segment it comes from', () => {
    const zones = buildZones([{ port: 502 }]);
    const drops = log(zones);
    // The intruder sits on the control segment and claims the office's address.
    spoof(zones);
    zones.run(1);
    expect(drops).toEqual(['spoofed 10.20.4.30 10.20.1.13:502']);
  });

  test('a destination on no segment', () => {
    const zones = buildZones([{ port: 502 }]);
    const drops = log(zones);
    zones.office.connect(parseIpv4('10.99.1.1'), 502, watch().handler, { timeout: 500_000 as never });
    zones.run(1);
    expect(drops).toEqual(['no-route 10.20.4.30 10.99.1.1:502']);
  });

  test('what is sent to the firewall itself, but an echo', () => {
    const zones = buildZones();
    const gateway = parseIpv4('10.20.4.1');
    const { log: events, handler } = watch();
    zones.office.connect(gateway, 22, handler);
    const trips: unknown[] = [];
    zones.office.ping(gateway, (trip) => trips.push(trip));
    zones.run(11);
    expect([events, trips]).toEqual([['timeout'], [100]]);
  });
});

describe('a diode', () => {
  test('lets datagrams through one way', () => {
    const zones = buildZones([{ transport: 'udp', port: 514, diode: true }]);
    const drops = log(zones);
    let heard = 0;
    const server = zones.plc.udp(514, (_b, _s, _e, address, port) => {
      heard++;
      server.send(address, port, Uint8Array.of(1));
    });
    let answers = 0;
    zones.office
      .udp(0, () => {
        answers++;
      })
      .send(PLC, 514, Uint8Array.of(1));
    zones.run(1);
    expect([heard, answers]).toEqual([1, 0]);
    expect(drops).toHaveLength(1);
    expect(drops[0]).toMatch(/^diode 10.20.1.13 10.20.4.30/);
  });

  test('no connection comes about through it', () => {
    const zones = buildZones([{ port: 502, diode: true }]);
    const accepted: TcpConnection[] = [];
    zones.plc.listen(502, (connection) => {
      accepted.push(connection);
      return watch().handler;
    });
    const { events } = connect(zones, 502);
    zones.run(200);
    expect(events).toEqual(['timeout']);
    expect(accepted).toEqual([]);
  });
});

describe('the table of flows', () => {
  test('is bounded and tells what it could not take', () => {
    const zones = buildZones([{ transport: 'udp', port: undefined }]);
    const reasons = new Map<string, number>();
    zones.firewall.onDrop = (drop) => void reasons.set(drop.reason, (reasons.get(drop.reason) ?? 0) + 1);
    const sockets = [1, 2].map(() => zones.office.udp(0, () => {}));
    // Neighbours know each other before the storm: few packets may wait for an address.
    sockets[0]?.send(PLC, 1, Uint8Array.of(1));
    zones.run(1);
    for (const socket of sockets) {
      for (let port = 1; port <= 40_000; port++) {
        socket.send(PLC, port, Uint8Array.of(1));
        if (port % 100 === 0) zones.run(0.0001);
      }
    }
    zones.run(1);
    expect(zones.firewall.flows).toBe(65_536);
    expect(reasons.get('table-full')).toBe(80_000 - 65_536);
    // Idle flows make room.
    zones.run(200);
    sockets[1]?.send(PLC, 50_000, Uint8Array.of(1));
    zones.run(1);
    expect(zones.firewall.flows).toBe(1);
    expect(reasons.get('table-full')).toBe(80_000 - 65_536);
    expect(zones.wire.pool.inUse).toBe(0);
  });

  test('ends with the connection', () => {
    const zones = buildZones([{ port: 502 }]);
    const drops = log(zones);
    zones.plc.listen(502, () => watch().handler);
    const { connection } = connect(zones, 502);
    zones.run(1);
    connection.abort();
    zones.run(20);
    zones.plc.connect(OFFICE, connection.localPort, watch().handler, { localPort: 502 });
    zones.run(1);
    expect(drops).toEqual([`no-rule 10.20.1.13 10.20.4.30:${connection.localPort}`]);
  });
});

/** A SYN from the control segment with the office's address as its source. */
function spoof(zones: Zones): void {
  const bytes = new Uint8Array(54);
  const { mac } = zones.scada;
  const gateway = zones.firewall.interfaces[0]?.mac as number;
  writeEthernet(bytes, 0, { destination: gateway, source: mac, etherType: ETHERTYPE_IPV4 });
  const address = { source: OFFICE, destination: PLC };
  const fragment = { flags: 2, fragmentOffset: 0, identification: 1, trafficClass: 0 };
  writeIpv4(bytes, 14, { ...address, ...fragment, totalLength: 40, timeToLive: 64, protocol: PROTOCOL_TCP });
  const ports = { sourcePort: 50_000, destinationPort: 502 };
  const header = { ...ports, sequence: 1, acknowledgement: 0, flags: TCP_SYN, window: 1024, urgent: 0 };
  writeTcp(bytes, 34, 54, 54, header, OFFICE, PLC);
  zones.scada.sendFrame(bytes);
}
