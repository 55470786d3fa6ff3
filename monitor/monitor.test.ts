import { LINKTYPE_ETHERNET } from '@penstock/core';
import { encodeAdu, modbusDissector } from '@penstock/protocols/modbus';
import { describe, expect, it } from 'vitest';
import type { AlertSink } from './alerts/index.ts';
import { Baseline } from './baseline/index.ts';
import type { OwnerKnowledge } from './knowledge.ts';
import { Monitor } from './monitor.ts';
import { arp, tcp, udp } from './test/frames.ts';
import { DOSING, float, knowledge, libraryRules, MONDAY, SCADA, STRANGER } from './test/works.ts';

/** One Modbus TCP connection as frames. */
class Session {
  readonly #monitor: Monitor;
  readonly #client: string;
  readonly #server: string;
  readonly #clock: { now: number };
  #sent = 1;
  #received = 1;
  #transaction = 0;

  constructor(monitor: Monitor, clock: { now: number }, client: string, server: string, port = 40_000) {
    this.#monitor = monitor;
    this.#clock = clock;
    this.#client = `${client}:${port}`;
    this.#server = `${server}:502`;
    this.#frame(tcp({ from: this.#client, to: this.#server, seq: 0, flags: 'S' }));
    this.#frame(tcp({ from: this.#server, to: this.#client, seq: 0, ack: 1, flags: 'SA' }));
    this.#frame(tcp({ from: this.#client, to: this.#server, seq: 1, ack: 1 }));
  }

  ask(request: number[], response: number[] | undefined): void {
    const transaction = ++this.#transaction;
    const out = encodeAdu(transaction, 1, new Uint8Array(request));
    this.#frame(
      tcp({ from: this.#client, to: this.#server, seq: this.#sent, ack: this.#received, flags: 'PA', data: out }),
    );
    this.#sent += out.length;
    if (response === undefined) return;
    const back = encodeAdu(transaction, 1, new Uint8Array(response));
    this.#frame(
      tcp({ from: this.#server, to: this.#client, seq: this.#received, ack: this.#sent, flags: 'PA', data: back }),
    );
    this.#received += back.length;
  }

  raw(bytes: number[]): void {
    const data = new Uint8Array(bytes);
    this.#frame(tcp({ from: this.#client, to: this.#server, seq: this.#sent, ack: this.#received, flags: 'PA', data }));
    this.#sent += data.length;
  }

  poll(value: number): void {
    const registers = float(value).flatMap((r) => [r >> 8, r & 255]);
    this.ask([3, 0, 10, 0, 2], [3, 4, ...registers]);
    this.ask([1, 0, 3, 0, 1], [1, 1, 0]);
  }

  order(value: number): void {
    const registers = float(value).flatMap((r) => [r >> 8, r & 255]);
    this.ask([16, 0, 10, 0, 2, 4, ...registers], [16, 0, 10, 0, 2]);
  }

  coil(on: boolean): void {
    const pdu = [5, 0, 3, on ? 255 : 0, 0];
    this.ask(pdu, pdu);
  }

  #frame(frame: Uint8Array): void {
    this.#clock.now += 1000;
    this.#monitor.frame(this.#clock.now, frame, 0, frame.length, LINKTYPE_ETHERNET);
  }
}

interface Scene {
  monitor: Monitor;
  clock: { now: number };
  lines: string[];
}

function scene(options: { knowledge?: OwnerKnowledge; baseline?: Baseline; learn?: boolean } = {}): Scene {
  const lines: string[] = [];
  const sink: AlertSink = {
    alert: (alert, packets) => lines.push(JSON.stringify({ ...alert, bytes: packets.length })),
  };
  const monitor = new Monitor({
    knowledge: options.knowledge,
    baseline: options.baseline,
    rules: libraryRules(),
    mode: options.learn === true ? 'learn' : 'watch',
    startEpoch: MONDAY,
    sinks: [sink],
    dissectors: [modbusDissector],
  });
  return { monitor, clock: { now: MONDAY }, lines };
}

function operate({ monitor, clock }: Scene): Session {
  const session = new Session(monitor, clock, SCADA, DOSING);
  for (const value of [7.5, 8, 9, 8, 7.5, 9, 7.5, 8]) {
    session.order(value);
    for (let i = 0; i < 10; i++) {
      session.poll(value);
      clock.now += 1e6;
    }
  }
  session.coil(true);
  session.coil(false);
  return session;
}

function learned(): Baseline {
  const learning = scene({ knowledge: knowledge(), learn: true });
  operate(learning);
  expect(learning.monitor.alerts).toEqual([]);
  expect(learning.monitor.result().baseline).toBe('learning');
  return Baseline.from(learning.monitor.baseline.toJSON());
}

const watching = (): Scene => scene({ knowledge: knowledge(), baseline: learned() });

describe('monitor, from frames to alerts', () => {
  it('learns, stays silent on the same, and pages for the lye order from the authorised session', () => {
    const run = watching();
    const session = operate(run);
    expect(run.monitor.alerts).toEqual([]);
    session.coil(true);
    run.clock.now += 5e6;
    session.order(11_100);
    expect(run.monitor.alerts.map((a) => [a.rule, a.severity, a.device, a.tag, a.oldValue, a.newValue])).toEqual([
      ['manual-then-large-step', 'high', 'dosing-plc', 'AIC401', 8, 11_100],
      ['value-outside-learned-range', 'low', 'dosing-plc', 'AIC401', 8, 11_100],
      ['value-outside-limits', 'high', 'dosing-plc', 'AIC401', 8, 11_100],
    ]);
    const alert = run.monitor.alerts[2];
    expect(alert?.time).toBeCloseTo((run.clock.now - MONDAY) / 1e6, 6);
    const packets = run.monitor.evidence(alert?.id ?? '');
    expect(packets.map((p) => p.number)).toEqual(alert?.packets);
    expect(alert?.packets.at(-1)).toBe(run.monitor.result().packets);
    // The order itself is among them: function 16, register 10, 11,100 as a float.
    const order = [16, 0, 10, 0, 2, 4, 0x46, 0x2d, 0x70, 0];
    expect(packets.some(({ bytes }) => order.every((byte, i) => bytes[54 + 7 + i] === byte))).toBe(true);
    expect(new Set(run.monitor.alerts.map((a) => a.incident)).size).toBe(1);
    expect(run.monitor.tags().find((t) => t.tag === 'AIC401')).toMatchObject({ value: 11_100, unit: 'mg/L' });
  });

  it('stays below paging severity for the benign twin', () => {
    const run = watching();
    const session = operate(run);
    session.order(11);
    session.poll(11);
    expect(run.monitor.alerts.map((a) => a.severity)).toEqual(['low']);
  });

  it('gives the same alerts for the same frames, byte for byte', () => {
    const once = (): string => {
      const run = watching();
      const session = operate(run);
      session.order(11_100);
      new Session(run.monitor, run.clock, STRANGER, DOSING, 50_000).order(30);
      run.monitor.finish();
      return run.lines.join('\n') + JSON.stringify(run.monitor.result());
    };
    expect(once()).toBe(once());
  });

  it('notices a rogue master, a sweep, illegal frames, a new conversation and a moved address', () => {
    const run = watching();
    operate(run);
    const stranger = new Session(run.monitor, run.clock, STRANGER, DOSING, 50_000);
    stranger.order(9);
    for (let address = 200; address < 225; address++) stranger.ask([3, 0, address, 0, 1], [0x83, 2]);
    stranger.raw([0, 1, 0, 0, 0, 3, 1, 16, 0, 0, 9, 0, 0, 0, 3, 1, 3, 0]);
    const claim = arp(2, DOSING, SCADA, [2, 0, 0, 0, 0, 9]);
    run.monitor.frame(run.clock.now, claim, 0, claim.length, LINKTYPE_ETHERNET);
    const rules = new Set(run.monitor.alerts.map((a) => a.rule));
    for (const rule of [
      'rogue-master',
      'sweep-registers',
      'sweep-refused',
      'illegal-frames',
      'new-conversation',
      'address-moved',
    ])
      expect(rules, rule).toContain(rule);
  });

  it('works on a bare capture with addresses and raw values', () => {
    const run = scene();
    const session = operate(run);
    session.order(11_100);
    run.monitor.finish();
    const result = run.monitor.result();
    expect(run.monitor.alerts).toEqual([]);
    expect(result.baseline).toBe('none');
    expect(result.rules.idle).toContain('new-conversation');
    expect(result.devices.map((d) => [d.address, d.role])).toEqual([
      [DOSING, 'controller'],
      [SCADA, 'Modbus client that writes'],
    ]);
    for (let i = 1; i < 40; i++) {
      const frame = tcp({ from: `${STRANGER}:${50_000 + i}`, to: `${DOSING}:${i}`, seq: 0, flags: 'S' });
      run.monitor.frame(run.clock.now, frame, 0, frame.length, LINKTYPE_ETHERNET);
    }
    expect(run.monitor.alerts.map((a) => [a.rule, a.source, a.device])).toEqual([['sweep', STRANGER, DOSING]]);
  });

  it('prints the summary that the command promises', () => {
    const run = scene();
    operate(run);
    const datagram = udp('10.0.0.1:5', '10.0.0.2:6', 'x');
    run.monitor.frame(run.clock.now, datagram, 0, datagram.length, LINKTYPE_ETHERNET);
    run.monitor.frame(run.clock.now, new Uint8Array(3), 0, 3, LINKTYPE_ETHERNET);
    run.monitor.finish();
    const summary = run.monitor.summary('works.pcap', 0.5);
    expect(Object.keys(summary).slice(0, 5)).toEqual(['source', 'packets', 'bytes', 'seconds', 'packetsPerSecond']);
    expect(summary).toMatchObject({
      source: 'works.pcap',
      seconds: 0.5,
      dropped: 1,
      packetsPerSecond: summary.packets * 2,
    });
    expect(summary.events.conn).toBe(2);
    expect(JSON.parse(JSON.stringify(summary))).toMatchObject({ alerts: [], incidents: [] });
  });
});
