import type { FieldValue, ProtocolEvent } from '@penstock/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { atBest, computingTimeOf } from '../tests/measured.ts';
import { LOG_SOURCES } from './sigma/log-sources.ts';
import { parseRules } from './sigma/rules.ts';
import {
  DOSING,
  FILTERS,
  float,
  knowledge,
  learnedBaseline,
  normalOperation,
  order,
  SCADA,
  STRANGER,
  Traffic,
} from './test/works.ts';
import { MODBUS_FUNCTIONS } from './watch/modbus-functions.ts';

const value: fc.Arbitrary<FieldValue> = fc.oneof(
  fc.constant(undefined),
  fc.integer({ min: -1, max: 70_000 }),
  fc.double(),
  fc.boolean(),
  fc.string({ maxLength: 8 }),
  fc.constantFrom('REQUEST', 'RESPONSE', ...MODBUS_FUNCTIONS.keys()),
  fc.array(fc.integer({ min: 0, max: 65_535 }), { maxLength: 6 }),
);
const names = ['arp', 'icmp', 'modbus_violation', 'segment_conflict', 'nonsense', ...LOG_SOURCES.map((s) => s.service)];
const keys = [
  ...new Set(LOG_SOURCES.flatMap((s) => [...s.fields.keys()])),
  'sender_ip',
  'sender_mac',
  'object_id',
  'reason',
  'resp_pkts',
  'first',
  'second',
  'is_orig',
  'kind',
];
const anyEvent = fc.record({
  name: fc.constantFrom(...names),
  columns: fc.dictionary(fc.constantFrom(...keys), value, { maxKeys: 24 }),
  flow: fc.nat(3),
  pause: fc.constantFrom(0, 0.001, 1, 20, 4000, -5),
});
const hosts = [SCADA, DOSING, STRANGER, '224.0.0.1', 'fe80::1'];

function play(
  events: readonly { name: string; columns: Record<string, FieldValue>; flow: number; pause: number }[],
): string {
  const traffic = new Traffic({
    knowledge: knowledge([order(['dosing-plc'], 100, 5000)]),
    baseline: learnedBaseline(),
  });
  const flows = [0, 1, 2, 3].map((i) =>
    traffic.open(hosts[i] as string, hosts[i + 1] as string, i === 3 ? 80 : 502, i === 2 ? 'udp' : 'tcp'),
  );
  for (const { name, columns, flow, pause } of events) {
    traffic.wait(pause);
    traffic.event(flows[flow] as (typeof flows)[0], name, columns);
  }
  return JSON.stringify([
    traffic.alerts,
    traffic.book.incidents,
    traffic.judge.watch.tags(),
    traffic.judge.inventory.report((t) => t),
  ]);
}

describe('judgement', () => {
  it('never throws on any events, and says the same of the same', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 40 }), (events) => {
        expect(play(events)).toBe(play(events));
      }),
      { numRuns: 150 },
    );
  });

  it('lets a kept judgement go when a work order begins or ends', () => {
    const rules = parseRules([
      {
        file: 'unannounced.yml',
        text: `title: Unannounced
description: A read without a work order.
level: low
logsource: { product: zeek, service: modbus_detailed }
detection:
  selection: { func|startswith: READ }
  announced: { window.active: true }
  condition: selection and not announced
alert: { message: '{src.label} reads', suppress: 1s }
`,
      },
    ]);
    const traffic = new Traffic({ knowledge: knowledge([order(['dosing-plc'], 100, 200)]), rules });
    const flow = traffic.open(SCADA, DOSING);
    for (const seconds of [50, 100, 100]) traffic.wait(seconds).read(flow, 'holding', 10, float(8));
    expect(traffic.alerts.map((a) => Math.floor(a.time))).toEqual([50, 250]);
  });

  it('switches off the rules that are asked to be silent, with what they feed', () => {
    const traffic = new Traffic({
      knowledge: knowledge(),
      baseline: learnedBaseline(),
      except: (rule) => 'knowsSources' in rule && rule.knowsSources,
    });
    const flow = normalOperation(traffic);
    traffic.write(traffic.open(STRANGER, DOSING), 20, [1]);
    expect(traffic.raised).toEqual([]);
    traffic.write(flow, 10, float(11_100));
    expect(traffic.raised).toEqual(['value-outside-limits']);
  });

  it('stays within its bounds under a flood of request shapes and flows', () => {
    const traffic = new Traffic({ knowledge: knowledge() });
    const flow = traffic.open(STRANGER, DOSING);
    for (let i = 0; i < 5000; i++) traffic.read(flow, 'holding', i, [i]);
    traffic.end(flow, 'SF');
    expect(traffic.judge.dropped).toBe(5000 - 1024);
    for (let i = 0; i < 70_000; i++) traffic.event(traffic.open(SCADA, FILTERS, 1 + (i % 60_000)), 'icmp_nothing', {});
    expect(traffic.alerts.length).toBeLessThan(200);
  });

  it('costs little on normal polling', async () => {
    const traffic = new Traffic({ knowledge: knowledge(), baseline: learnedBaseline() });
    const flow = normalOperation(traffic);
    const events = [0, 1, 2, 3].map(
      (i) =>
        ({
          name: 'modbus_detailed',
          time: 0,
          tid: 1,
          unit: 1,
          func: ['READ_HOLDING_REGISTERS', 'READ_HOLDING_REGISTERS', 'READ_INPUT_REGISTERS', 'READ_COILS'][i],
          address: [10, 20, 0, 3][i],
          quantity: [2, 1, 1, 1][i],
          request_values: undefined,
          response_values: [float(8), [400], [830], [0]][i],
          modbus_detailed_link_id: undefined,
          matched: true,
          request_subfunction_code: undefined,
          response_subfunction_code: undefined,
          request_data: undefined,
          response_data: undefined,
          exception_code: undefined,
          mei_type: undefined,
        }) as unknown as ProtocolEvent & { time: number },
    );
    const rounds = 100_000;
    const judged = () => {
      for (let i = 0; i < rounds; i++) {
        const event = events[i & 3] as (typeof events)[0];
        event.time = traffic.time += 1000;
        // As while learning: what stands still is an alert.
        if ((i & 3) === 2) Object.assign(event, { response_values: [830 + ((i >> 2) % 3)] });
        traffic.judge.event(event, flow);
      }
    };
    // Microseconds. A transaction is two packets; 0.8 µs a packet is the budget.
    const budget = 1.6;
    const best = await atBest(budget, () => (computingTimeOf(judged) * 1000) / rounds, 20);
    expect(traffic.raised).toEqual([]);
    expect(best).toBeLessThan(budget);
  });
});
