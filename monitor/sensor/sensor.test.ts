/** Each rule about the sensor itself with frames that make it fire, and with frames like them that do not. */
import { type FrameSink, LINKTYPE_ETHERNET } from '@penstock/core';
import { describe, expect, it } from 'vitest';
import { Baseline } from '../baseline/index.ts';
import { Monitor } from '../monitor.ts';
import { tcp, udp } from '../test/frames.ts';
import { plantTraffic } from '../test/traffic.ts';
import { DOSING, libraryRules, SCADA } from '../test/works.ts';
import { type SensorCounters, type SensorEvent, SensorHealth } from './index.ts';

const EPOCH = 1_700_000_000_000_000;
const HOUR = 3600e6;

interface Watch {
  readonly monitor: Monitor;
  /** Two thousand Modbus frames of a plant, from `at` seconds on. */
  plant(at: number): Watch;
  frame(at: number, frame: Uint8Array, wireLength?: number): Watch;
  readonly raised: () => string[];
}

function watch(options: Partial<ConstructorParameters<typeof Monitor>[0]> = {}): Watch {
  const monitor = new Monitor({ rules: libraryRules(), mode: 'watch', ...options });
  const self: Watch = {
    monitor,
    plant: (at) => {
      const later: FrameSink = {
        frame: (time, ...frame) => monitor.frame(time + at * 1e6, ...frame),
      };
      plantTraffic(later, 2000);
      return self;
    },
    frame: (at, frame, wireLength) => {
      monitor.frame(EPOCH + at * 1e6, frame, 0, frame.length, LINKTYPE_ETHERNET, wireLength);
      return self;
    },
    raised: () => {
      monitor.finish();
      return monitor.alerts.map((alert) => alert.rule).filter((rule) => rule.startsWith('sensor-'));
    },
  };
  return self;
}

describe('sensor-silent', () => {
  it('fires when the tap shows nothing for a minute', () => {
    const { monitor } = watch().plant(0).plant(61).plant(200);
    expect(monitor.alerts.map((alert) => [alert.rule, alert.severity, alert.message])).toEqual([
      ['sensor-silent', 'medium', 'The tap showed nothing at all for 138 s'],
    ]);
    expect(monitor.alerts[0]).toMatchObject({ device: null, source: null, techniques: ['T0815'] });
  });

  it('fires while nothing comes, when the clock goes on', () => {
    const { monitor } = watch().plant(0).plant(61);
    monitor.advance(EPOCH + 100e6);
    expect(monitor.alerts).toEqual([]);
    monitor.advance(EPOCH + 130e6);
    monitor.advance(EPOCH + 200e6);
    expect(monitor.alerts.map((alert) => [alert.rule, alert.count])).toEqual([['sensor-silent', 1]]);
  });

  it('stays silent where packets are rare', () => {
    const rare = watch();
    for (let at = 0; at < 3600; at += 90) rare.frame(at, udp('10.0.0.1:5', '10.0.0.2:6', 'x'));
    expect(rare.raised()).toEqual([]);
  });
});

describe('sensor-clock', () => {
  it('fires when time jumps back, and goes on from there', () => {
    const jumped = watch().plant(0).plant(-600).plant(-590);
    expect(jumped.raised()).toEqual(['sensor-clock']);
    expect(jumped.monitor.alerts[0]).toMatchObject({ count: 1, severity: 'low' });
    expect(jumped.monitor.alerts[0]?.message).toMatch(/^The sensor's clock jumped back by 60[01]\.\d+ s$/);
  });

  it('stays silent when packets of two interfaces pass each other', () => {
    const mixed = watch();
    for (let at = 0; at < 100; at++) mixed.frame(at - (at % 2) * 1.9, udp('10.0.0.1:5', '10.0.0.2:6', 'x'));
    expect(mixed.raised()).toEqual([]);
  });
});

describe('sensor-loses-packets', () => {
  it('fires when the capturing system says so, for each loss anew', () => {
    const { monitor } = watch().plant(0);
    monitor.captured({ lost: 0, cut: 0, packets: 2000 });
    monitor.captured({ lost: 100, cut: 0, packets: 2000 });
    monitor.captured({ lost: 100, cut: 0, packets: 2000 });
    monitor.captured({ lost: 150, cut: 0, packets: 3000 });
    expect(monitor.alerts.map((alert) => [alert.rule, alert.count, alert.message])).toEqual([
      ['sensor-loses-packets', 2, 'The sensor missed 100 packets (loss), 4.76 % of all'],
    ]);
  });

  it('fires for a capture that cut its packets', () => {
    const { monitor } = watch().plant(0);
    monitor.captured({ lost: 0, cut: 500, packets: 2000 });
    expect(monitor.alerts.map((alert) => alert.message)).toEqual(['The sensor missed 500 packets (cut), 25 % of all']);
  });

  it('stays silent for a packet in ten thousand', () => {
    const { monitor } = watch().plant(0);
    monitor.captured({ lost: 1, cut: 0, packets: 10_000 });
    expect(monitor.alerts).toEqual([]);
  });
});

/** A conversation in which `missing` of `segments` segments were acknowledged but never captured. */
function stream(self: Watch, segments: number, missing: (i: number) => boolean): Watch {
  const [client, server] = [`${SCADA}:40000`, `${DOSING}:9999`];
  self.frame(0, tcp({ from: client, to: server, seq: 0, flags: 'S' }));
  self.frame(0, tcp({ from: server, to: client, seq: 0, ack: 1, flags: 'SA' }));
  self.frame(0, tcp({ from: client, to: server, seq: 1, ack: 1 }));
  const data = new Uint8Array(500);
  for (let i = 0; i < segments; i++) {
    if (!missing(i)) self.frame(i / 10, tcp({ from: client, to: server, seq: 1 + i * 500, ack: 1, data }));
    self.frame(i / 10, tcp({ from: server, to: client, seq: 1, ack: 1 + (i + 1) * 500 }));
  }
  return self;
}

describe('sensor-gaps', () => {
  it('fires when streams have holes', () => {
    const holes = stream(watch(), 400, (i) => i % 10 === 5);
    expect(holes.raised()).toEqual(['sensor-gaps']);
    expect(holes.monitor.alerts[0]).toMatchObject({ count: 1, severity: 'low' });
  });

  it('stays silent for one hole', () => {
    expect(stream(watch(), 400, (i) => i === 100).raised()).toEqual([]);
  });
});

describe('sensor-unparsed', () => {
  /** Modbus requests, each answered, with `noise` bytes that are no message behind each. */
  const session = (noise: number): Watch => {
    const self = watch();
    const [client, server] = [`${SCADA}:40000`, `${DOSING}:502`];
    self.frame(0, tcp({ from: client, to: server, seq: 0, flags: 'S' }));
    self.frame(0, tcp({ from: server, to: client, seq: 0, ack: 1, flags: 'SA' }));
    let [sent, received] = [1, 1];
    for (let i = 0; i < 100; i++) {
      const ask = [0, i, 0, 0, 0, 6, 1, 3, 0, 10, 0, 2, ...new Array<number>(noise).fill(0xee)];
      const answer = [0, i, 0, 0, 0, 7, 1, 3, 4, 65, 0, 0, 0];
      self.frame(i / 10, tcp({ from: client, to: server, seq: sent, ack: received, data: new Uint8Array(ask) }));
      sent += ask.length;
      self.frame(i / 10, tcp({ from: server, to: client, seq: received, ack: sent, data: new Uint8Array(answer) }));
      received += answer.length;
    }
    return self;
  };

  it('fires when a share of a protocol is not understood', () => {
    const noisy = session(20);
    expect(noisy.raised()).toEqual(['sensor-unparsed']);
    expect(noisy.monitor.alerts.find((alert) => alert.rule === 'sensor-unparsed')?.message).toMatch(
      /^[\d.]+ % of the bytes of modbus within a minute \(\d+\) could not be read$/,
    );
  });

  it('stays silent when all of it is', () => {
    expect(session(0).raised()).toEqual([]);
  });
});

describe('sensor-overload', () => {
  const flood = (flows: number): Watch => {
    const self = watch({ maxFlows: 1000 });
    for (let i = 0; i < flows; i++)
      self.frame(i / 1000, udp(`10.0.${i >> 8}.${i & 255}:1000`, `${DOSING}:${5000 + (i % 3)}`, 'x'));
    return self;
  };

  it('fires when conversations find no room', () => {
    const full = flood(5000);
    expect(full.raised()).toEqual(['sensor-overload']);
    expect(full.monitor.result().droppedBy.flowsEvicted).toBe(4000);
    expect(full.monitor.alerts.find((alert) => alert.rule === 'sensor-overload')?.message).toBe(
      'The sensor had no room for 4000 entries (flows) within a minute',
    );
  });

  it('stays silent while there is room', () => {
    expect(flood(900).raised()).toEqual([]);
  });
});

describe('sensor-baseline-old', () => {
  const learned = (ago: number): Watch => {
    const baseline = new Baseline();
    baseline.learnTime(EPOCH - ago - HOUR);
    baseline.learnConversation('10.20.2.10', '10.20.1.20', 'tcp', 502);
    baseline.learnTime(EPOCH - ago);
    return watch({ baseline }).plant(0);
  };

  it('fires half a year after learning, once a week', () => {
    const old = learned(200 * 24 * HOUR);
    for (let day = 1; day <= 8; day++) old.plant(day * 86_400);
    expect(old.raised().filter((rule) => rule === 'sensor-baseline-old')).toHaveLength(2);
    expect(old.monitor.alerts.find((a) => a.rule === 'sensor-baseline-old')?.message).toBe(
      'The baseline was learned 200 days ago',
    );
  });

  it('stays silent before, and for captures that are older than what was learned', () => {
    expect([...learned(100 * 24 * HOUR).raised(), ...learned(-10 * 24 * HOUR).raised()]).toEqual([]);
  });
});

describe('sensor health', () => {
  it('tells differences, minute by minute', () => {
    const events: [SensorEvent, number][] = [];
    let counters: SensorCounters = { packets: 0, bytes: 0, gaps: 0, gapBytes: 0, protocols: [], overload: {} };
    const health = new SensorHealth(
      (event, time) => events.push([event, time]),
      () => counters,
      () => null,
    );
    health.look(0, Number.NEGATIVE_INFINITY);
    counters = {
      ...{ packets: 10, bytes: 900, gaps: 2, gapBytes: 100 },
      protocols: [{ protocol: 'modbus', bytes: 400, unparsed: 40 }],
      overload: { devices: 3, points: 0 },
    };
    health.look(60e6, 59e6);
    health.look(120e6, 119e6);
    expect(events).toEqual([
      [{ kind: 'gaps', count: 2, share: 0.1 }, 60e6],
      [{ kind: 'unparsed', what: 'modbus', count: 40, share: 0.1 }, 60e6],
      [{ kind: 'overload', what: 'devices', count: 3 }, 60e6],
    ]);
    expect(health.due).toBe(180e6);
  });
});
