/** Small networks for tests, and what a tap saw of them. */
import { createHash } from 'node:crypto';
import type { FrameSink, Instant } from '@penstock/core';
import { parseIpv4, parseMac } from '@penstock/protocols/ethernet';
import { EventQueue, Firewall, type FirewallRule, type Host, type NewSegment, Wire } from '../index.ts';

export const EPOCH = Date.UTC(2025, 0, 6) * 1000;
export const PLC = parseIpv4('10.20.1.13');
export const SCADA = parseIpv4('10.20.1.20');
export const OFFICE = parseIpv4('10.20.4.30');

/** Every frame of a tap, copied. */
export class Recorder implements FrameSink {
  readonly frames: { time: number; bytes: Uint8Array }[] = [];

  frame(time: number, buffer: Uint8Array, start: number, end: number): void {
    this.frames.push({ time, bytes: buffer.slice(start, end) });
  }

  get hash(): string {
    const hash = createHash('sha256');
    for (const { time, bytes } of this.frames) hash.update(`${time}:`).update(bytes);
    return hash.digest('hex');
  }
}

export interface Pair {
  readonly queue: EventQueue;
  readonly wire: Wire;
  readonly plc: Host;
  readonly scada: Host;
  readonly tap: Recorder;
  /** Runs for `seconds` of the run's time. */
  run(seconds: number): void;
}

/** A controller and a SCADA server on one segment. */
export function buildPair(options: Partial<NewSegment> & { seed?: number } = {}): Pair {
  const { seed = 7, ...segment } = options;
  const queue = new EventQueue();
  const wire = new Wire(queue, { seed, epoch: EPOCH });
  wire.addSegment({ id: 'control', subnet: '10.20.1.0/24', ...segment });
  const plc = wire.addHost({ id: 'plc', segment: 'control', address: '10.20.1.13', mac: '00:80:f4:00:00:13' });
  const scada = wire.addHost({ id: 'scada', segment: 'control', address: '10.20.1.20', mac: '00:50:56:00:00:20' });
  const tap = new Recorder();
  wire.tap.attach(tap);
  const run = (seconds: number) => queue.runUntil((queue.now + seconds * 1e6) as Instant);
  return { queue, wire, plc, scada, tap, run };
}

export interface Zones extends Pair {
  readonly office: Host;
  readonly firewall: Firewall;
}

/** The pair, and an office behind a firewall with `rules`. */
export function buildZones(rules: Partial<FirewallRule>[] = [], seed = 7): Zones {
  const pair = buildPair({ seed });
  const { wire } = pair;
  wire.addSegment({ id: 'office', subnet: '10.20.4.0/24' });
  const office = wire.addHost({ id: 'office', segment: 'office', address: '10.20.4.30', mac: '00:50:56:00:04:30' });
  const firewall = new Firewall(wire, 'firewall');
  for (const [i, segment] of wire.segments.entries())
    firewall.plug(segment, segment.gateway, parseMac('00:90:0b:00:00:01') + i, undefined);
  wire.register(firewall);
  for (const rule of rules)
    firewall.allow({
      conduit: 'office-control',
      from: OFFICE,
      to: PLC,
      transport: 'tcp',
      port: undefined,
      diode: false,
      ...rule,
    });
  return { ...pair, office, firewall };
}

/** A handler that keeps what happened to a connection. */
export function watch(): {
  log: string[];
  bytes: number[];
  handler: { open(): void; data(buffer: Uint8Array, start: number, end: number): void; closed(reason: string): void };
} {
  const log: string[] = [];
  const bytes: number[] = [];
  return {
    log,
    bytes,
    handler: {
      open: () => void log.push('open'),
      data: (buffer, start, end) => {
        for (let i = start; i < end; i++) bytes.push(buffer[i] as number);
      },
      closed: (reason) => void log.push(reason),
    },
  };
}

export const pattern = (length: number, salt = 0): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8) + salt) & 255);
