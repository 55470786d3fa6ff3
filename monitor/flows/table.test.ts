import type { ProtocolEvent } from '@penstock/core';
import { describe, expect, it } from 'vitest';
import { MonitorPipeline } from '../events/index.ts';
import { arp, ethernet, ipv4, tcp, udp } from '../test/frames.ts';
import type { Flow } from './flow.ts';

interface Seen {
  readonly event: ProtocolEvent;
  readonly flow: Flow;
}

function pipeline(options: { maxFlows?: number; evidenceBytes?: number } = {}): {
  events: Seen[];
  flows: Flow[];
  monitor: MonitorPipeline;
  send(seconds: number, frame: Uint8Array): void;
} {
  const events: Seen[] = [];
  const flows: Flow[] = [];
  const monitor = new MonitorPipeline({
    dissectors: [],
    onEvent: (event, flow) => events.push({ event, flow }),
    onFlow: (flow) => flows.push(flow),
    ...options,
  });
  return { events, flows, monitor, send: (s, frame) => monitor.frame(s * 1e6, frame, 0, frame.length, 1) };
}

const syn = (port: number): Uint8Array => tcp({ from: `10.0.0.1:${port}`, to: '10.0.0.2:502', seq: 1, flags: 'S' });

describe('flows end by event time', () => {
  it('an attempt after 5 s, a UDP conversation after a minute, an established connection after five of silence', () => {
    const { events, send } = pipeline();
    const ended = (): unknown[] => events.map(({ event, flow }) => [event.name, flow.transport, flow.originatorPort]);
    send(0, syn(1));
    send(0, tcp({ from: '10.0.0.1:2', to: '10.0.0.2:502', seq: 1, data: 'x' }));
    send(0, udp('10.0.0.1:3', '10.0.0.2:53', 'x'));
    send(4.9, udp('10.0.0.9:9', '10.0.0.2:53', 'x'));
    expect(ended()).toEqual([]);
    send(5, udp('10.0.0.9:9', '10.0.0.2:53', 'x'));
    expect(ended()).toEqual([['conn', 'tcp', 1]]);
    send(60, udp('10.0.0.9:9', '10.0.0.2:53', 'x'));
    expect(ended().slice(1)).toEqual([['conn', 'udp', 3]]);
    for (let s = 100; s <= 300; s += 50) send(s, udp('10.0.0.9:9', '10.0.0.2:53', 'x'));
    expect(ended().slice(2)).toEqual([['conn', 'tcp', 2]]);
  });

  it('advance ends what is over without a frame', () => {
    const { events, monitor, send } = pipeline();
    send(0, syn(1));
    monitor.advance(6e6);
    expect(events).toHaveLength(1);
  });

  it('time that runs backwards or far ahead does no harm', () => {
    const { monitor, send } = pipeline();
    for (const s of [100, 5e9, 101, 0, -5, Number.NaN, 102, 110]) send(s, udp('10.0.0.1:3', '10.0.0.2:53', 'x'));
    send(200, udp('10.0.0.9:9', '10.0.0.2:53', 'x'));
    expect(monitor.summary().activeFlows).toBe(1);
  });
});

describe('bounds', () => {
  it('a flood of half-open connections pushes out half-open ones, not the established, and is counted', () => {
    const { monitor, send, events } = pipeline({ maxFlows: 100 });
    send(0, tcp({ from: '10.0.0.1:1', to: '10.0.0.2:502', seq: 1, data: 'x' }));
    for (let i = 0; i < 1000; i++) send(0.001 * i, syn(2000 + i));
    expect(monitor.summary()).toMatchObject({ flows: 1001, activeFlows: 100, dropped: { flowsEvicted: 901 } });
    expect(events.every(({ flow }) => flow.originatorPort >= 2000)).toBe(true);
  });

  it('each flow has an id of its own, the same in every run', () => {
    const ids = (): string[] => {
      const { flows, send } = pipeline();
      for (let i = 0; i < 5000; i++) send(0, syn(1 + i));
      return flows.map((flow) => flow.uid);
    };
    expect(new Set(ids()).size).toBe(5000);
    expect(ids()).toEqual(ids());
    expect(ids()[0]).toMatch(/^C[0-9A-Za-z]{17}$/);
  });
});

describe('evidence', () => {
  it('has the newest packets of a flow among others, and forgets the oldest when memory is full', () => {
    const { monitor, flows, send } = pipeline({ evidenceBytes: 10_000 });
    for (let i = 0; i < 500; i++) {
      send(i / 1000, udp('10.0.0.1:1', '10.0.0.2:53', `a${i}`.padEnd(20 + (i % 37))));
      send(i / 1000, udp('10.0.0.3:1', '10.0.0.2:53', `b${i}`));
    }
    const kept = monitor.evidence?.packetsOf(flows[0] as Flow, 1000) ?? [];
    expect(kept.length).toBeGreaterThan(40);
    expect(kept.map((packet) => packet.number)).toEqual(kept.map((_, i) => 999 - 2 * (kept.length - 1 - i)));
    for (const packet of kept)
      expect(new TextDecoder().decode(packet.bytes.subarray(42)).trim()).toBe(`a${(packet.number - 1) / 2}`);
    expect(monitor.evidence?.packet(1)).toBeUndefined();
    expect(monitor.evidence?.packetsOf(flows[0] as Flow, 3)).toHaveLength(3);
  });
});

describe('below the transport', () => {
  it('ARP messages are events with what they claim', () => {
    const { events, send } = pipeline();
    const mac = [0, 0x1d, 0x9c, 0xc7, 0xb0, 0x70];
    send(1, arp(1, '10.0.0.1', '10.0.0.2', mac));
    send(2, arp(2, '10.0.0.2', '10.0.0.1', mac));
    send(3, arp(1, '10.0.0.2', '10.0.0.2', mac));
    expect(events.map(({ event }) => event)).toEqual([
      {
        name: 'arp',
        time: 1e6,
        operation: 'request',
        mac_src: '02:00:00:00:00:01',
        mac_dst: '02:00:00:00:00:02',
        sender_mac: '00:1d:9c:c7:b0:70',
        sender_ip: '10.0.0.1',
        target_mac: '00:00:00:00:00:00',
        target_ip: '10.0.0.2',
        gratuitous: false,
      },
      expect.objectContaining({ operation: 'reply', sender_ip: '10.0.0.2' }),
      expect.objectContaining({ gratuitous: true }),
    ]);
    // Question and answer are one flow.
    expect(events[0]?.flow).toBe(events[1]?.flow);
  });

  it('an echo and its reply are one flow and two events', () => {
    const { events, monitor, send } = pipeline();
    const icmp = (from: number[], to: number[], type: number): Uint8Array =>
      ethernet(from, to, 0x0800, ipv4(from, to, 1, new Uint8Array([type, 0, 0, 0, 0, 7, 0, 9, 1, 2, 3, 4])));
    send(1, icmp([10, 0, 0, 1], [10, 0, 0, 2], 8));
    send(2, icmp([10, 0, 0, 2], [10, 0, 0, 1], 0));
    expect(events.map(({ event }) => event)).toEqual([
      { name: 'icmp', time: 1e6, v6: false, is_orig: true, itype: 8, icode: 0, len: 4, hlim: 64, id: 7, seq: 9 },
      expect.objectContaining({ is_orig: false, itype: 0 }),
    ]);
    monitor.flush(3e6);
    expect(events.at(-1)?.event).toMatchObject({
      name: 'conn',
      proto: 'icmp',
      orig_bytes: 4,
      resp_bytes: 4,
      conn_state: 'OTH',
    });
  });

  it('a MAC address that changes in mid-flow is counted', () => {
    const { flows, send } = pipeline();
    const frame = udp('10.0.0.1:1', '10.0.0.2:53', 'x');
    send(1, frame);
    frame[7] = 0x99;
    send(2, frame);
    expect(flows[0]).toMatchObject({ macChanges: 1, originatorMac: '02:99:00:00:00:01' });
  });
});
