/**
 * The simulator's interposer against the monitor: forged ARP every two seconds, packets relayed, readings changed on the way. The
 * monitor sees what the tap sees, knows no more than an owner would import, and has learned nothing.
 */
import { type Instant, milliseconds, seconds } from '@penstock/core';
import { type Host, Interposition, type InterpositionOptions } from '@penstock/simulator/kernel';
import { describe, expect, it } from 'vitest';
import { buildPair, buildZones, EPOCH, OFFICE, PLC, SCADA } from '../../simulator/kernel/test/plant.ts';
import { ownerKnowledgeSchema } from '../knowledge.ts';
import { Monitor } from '../monitor.ts';
import { libraryRules } from './works.ts';

const REGISTERS = 4;
const BEGINS = 20;
const order = (from: number, to: number) => ({
  id: 'WO-7',
  title: 'Network work',
  from: new Date(EPOCH / 1000 + from * 1000).toISOString(),
  to: new Date(EPOCH / 1000 + to * 1000).toISOString(),
  devices: ['plc', 'scada'],
});

const knowledge = (workOrders: ReturnType<typeof order>[] = []) =>
  ownerKnowledgeSchema.parse({
    version: 1,
    zones: [
      { id: 'control', name: 'Control', level: 1, subnet: '10.20.1.0/24' },
      { id: 'office', name: 'Office', level: 4, subnet: '10.20.4.0/24' },
    ],
    assets: [
      { id: 'plc', name: 'Controller', kind: 'plc', role: 'plc', zone: 'control', address: '10.20.1.13' },
      { id: 'scada', name: 'SCADA server', kind: 'scada', role: 'scada', zone: 'control', address: '10.20.1.20' },
    ],
    tags: [{ id: 'LIT101', name: 'Level', kind: 'measurement', unit: 'm', range: [0, 10], safe: [1, 8] }],
    points: [{ device: 'plc', tag: 'LIT101', modbus: { table: 'input', address: 1, type: 'uint16', scale: 0.001 } }],
    workOrders,
  });

/** A controller whose level rises, and a client that asks for it every second. */
function serve(plc: Host, level: () => number): void {
  plc.listen(502, (connection) => ({
    data: (b, s) => {
      const value = level();
      const registers = [1, value, 3, 4].flatMap((v) => [v >> 8, v & 255]);
      const pdu = [4, REGISTERS * 2, ...registers];
      const adu = Uint8Array.of(b[s] as number, b[s + 1] as number, 0, 0, 0, pdu.length + 1, 1, ...pdu);
      connection.send(adu, 0, adu.length);
    },
    closed() {},
  }));
}

interface Played {
  readonly monitor: Monitor;
  /** Alerts of this subject, with seconds since the interposer began. */
  readonly alerts: [string, string, number][];
}

function play(
  network: ReturnType<typeof buildPair>,
  client: Host,
  act: (intruder: Host) => void,
  options: { lasts?: number; workOrders?: ReturnType<typeof order>[] } = {},
): Played {
  const { queue, wire, plc, run } = network;
  const intruder = wire.addHost({ id: 'box', segment: 'control', address: '10.20.1.66', mac: '00:0c:29:00:00:66' });
  const monitor = new Monitor({
    knowledge: knowledge(options.workOrders),
    rules: libraryRules(),
    mode: 'watch',
    startEpoch: EPOCH,
  });
  wire.tap.attach(monitor);
  serve(plc, () => 2000 + Math.floor(queue.now / 1e6) * 10);
  let transaction = 0;
  const connection = client.connect(PLC, 502, { open() {}, data() {}, closed() {} });
  const poll = {
    run() {
      transaction++;
      const request = [transaction >> 8, transaction & 255, 0, 0, 0, 6, 1, 4, 0, 0, 0, REGISTERS];
      connection.send(Uint8Array.from(request), 0, request.length);
      queue.in(seconds(1), poll);
    },
  };
  queue.in(seconds(1), poll);
  run(BEGINS);
  act(intruder);
  run(options.lasts ?? 20);
  monitor.finish();
  return { monitor, alerts: monitor.alerts.map((a) => [a.rule, a.severity, a.time - BEGINS]) };
}

/** Freezes the second register of what the controller answers. */
const frozen: InterpositionOptions = {
  hook(packet) {
    const { buffer, payload, end, sourcePort } = packet;
    if (sourcePort === 502 && end - payload >= 13) {
      buffer[payload + 11] = 0x07;
      buffer[payload + 12] = 0xd0;
      packet.changed = true;
    }
    return true;
  },
};

const paging = ({ alerts }: Played): string[] =>
  [
    ...new Set(alerts.filter(([, severity]) => severity === 'high' || severity === 'critical').map(([rule]) => rule)),
  ].sort();

describe('somebody in the middle of a controller and its SCADA server', () => {
  it('who changes readings pages within three seconds, and the tag is named with both values', () => {
    const pair = buildPair();
    const played = play(pair, pair.scada, (intruder) => new Interposition(intruder, SCADA, PLC, frozen));
    expect(paging(played)).toEqual(expect.arrayContaining(['addresses-taken', 'two-answers', 'two-ways']));
    for (const rule of ['addresses-taken', 'two-answers', 'two-ways'])
      expect(played.alerts.find(([name]) => name === rule)?.[2], rule).toBeLessThan(3);
    const answer = played.monitor.alerts.find((a) => a.rule === 'two-answers');
    expect(answer).toMatchObject({ device: 'plc', tag: 'LIT101', source: 'scada', newValue: 2, unit: 'm' });
    expect(answer?.oldValue).toBeGreaterThan(2.1);
    expect(answer?.packets.length).toBeGreaterThan(0);
  });

  it('who only listens pages, too', () => {
    const pair = buildPair();
    const played = play(pair, pair.scada, (intruder) => new Interposition(intruder, SCADA, PLC));
    expect(paging(played)).toEqual(expect.arrayContaining(['addresses-taken', 'two-ways']));
    expect(paging(played)).not.toContain('two-answers');
  });

  it('who holds packets up is seen all the same', () => {
    const pair = buildPair();
    const hook: InterpositionOptions['hook'] = (packet) => {
      packet.delay = milliseconds(300);
      return true;
    };
    const played = play(pair, pair.scada, (intruder) => new Interposition(intruder, SCADA, PLC, { hook }));
    expect(paging(played)).toContain('two-ways');
  });

  it('who stands before the gateway claims to be it', () => {
    const zones = buildZones([{}]);
    const gateway = zones.wire.segment('control').gateway;
    const played = play(zones, zones.office, (intruder) => new Interposition(intruder, gateway, PLC, frozen));
    expect(paging(played)).toEqual(expect.arrayContaining(['gateway-claimed', 'two-answers', 'two-ways']));
    expect(OFFICE).toBeGreaterThan(0);
  });

  it('is silent while nobody interposes', () => {
    const pair = buildPair();
    const { alerts } = play(pair, pair.scada, () => {});
    expect(alerts.filter(([rule]) => !rule.startsWith('reading'))).toEqual([]);
  });

  it('is silent when a controller restarts, loses its link, or the network is worked on by order', () => {
    const restart = buildPair();
    const restarted = play(restart, restart.scada, () => {
      restart.plc.powerOff();
      restart.queue.in(seconds(5), { run: () => restart.plc.linkUp() });
    });
    expect(paging(restarted)).toEqual([]);
    const pair = buildPair();
    const worked = play(pair, pair.scada, (intruder) => new Interposition(intruder, SCADA, PLC), {
      workOrders: [order(0, 3600)],
    });
    expect(paging(worked)).toEqual([]);
  });

  it('costs nothing lasting: what is remembered of cards and addresses is bounded', () => {
    const pair = buildPair();
    const { monitor } = play(pair, pair.scada, () => {}, { lasts: 1 });
    const sender = [0x02, 0, 0, 0, 0, 0];
    const frame = new Uint8Array(60);
    frame.set([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, ...sender, 8, 6, 0, 1, 8, 0, 6, 4, 0, 2, ...sender]);
    for (let i = 0; i < 20_000; i++) {
      frame.set([(i >> 16) & 255, (i >> 8) & 255, i & 255], 9);
      frame.set([(i >> 16) & 255, (i >> 8) & 255, i & 255], 25);
      frame.set([10, 99, (i >> 8) & 255, i & 255], 28);
      frame.set([10, 20, 1, 13], 38);
      monitor.frame((EPOCH + 60e6 + i * 100) as Instant, frame, 0, 60, 1);
    }
    expect(monitor.result().droppedBy.judgement).toBeGreaterThan(0);
    expect(monitor.alerts.length).toBeLessThan(300);
  });
});
