import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DOSING,
  float,
  knowledge,
  learnedBaseline,
  normalOperation,
  order,
  SCADA,
  STRANGER,
  Traffic,
  WORKSTATION,
} from '../test/works.ts';
import { Baseline, formatBaseline, parseBaseline } from './index.ts';
import { Intervals } from './intervals.ts';

describe('baseline', () => {
  it('learns who speaks, asks, reads and writes, and how far values range', () => {
    const data = learnedBaseline().toJSON();
    expect(data).toMatchObject({
      version: 2,
      plant: 'small-works',
      conversations: [{ source: SCADA, destination: DOSING, transport: 'tcp', port: 502 }],
      requests: [
        {
          source: SCADA,
          destination: DOSING,
          station: 1,
          functions: [
            'READ_COILS',
            'READ_HOLDING_REGISTERS',
            'READ_INPUT_REGISTERS',
            'WRITE_MULTIPLE_REGISTERS',
            'WRITE_SINGLE_COIL',
          ],
          addresses: {
            coil: [[3, 3]],
            holding: [
              [10, 11],
              [20, 20],
            ],
            input: [[0, 0]],
          },
        },
      ],
      writes: [
        { table: 'coil', address: 3, tag: 'HS401', low: 0, high: 1, count: 2 },
        { table: 'holding', address: 10, tag: 'AIC401', low: 7.5, high: 9, count: 5 },
      ],
    });
    expect(learnedBaseline().readingRange('dosing-plc', 'AIT402')).toEqual([8.3, 8.32]);
    expect(learnedBaseline().readingRange('dosing-plc', 'unknown')).toBeUndefined();
  });

  it('comes back from its file as it was, byte for byte', () => {
    const text = formatBaseline(learnedBaseline());
    expect(formatBaseline(parseBaseline(text, 'baseline.json'))).toBe(text);
    expect(text.split('\n').length).toBeGreaterThan(8);
  });

  it('does not depend on the order in which it learned', () => {
    const steps = [
      (b: Baseline) => b.learnConversation(SCADA, DOSING, 'tcp', 502),
      (b: Baseline) => b.learnRequest(SCADA, DOSING, 1, 'READ_COILS', { table: 'coil', address: 0, quantity: 8 }),
      (b: Baseline) => b.learnRequest(SCADA, DOSING, 1, 'READ_COILS', { table: 'coil', address: 8, quantity: 8 }),
      (b: Baseline) => b.learnWrite(SCADA, DOSING, 'coil', 1, 'HS401', 1),
      (b: Baseline) => b.learnWrite(SCADA, DOSING, 'coil', 1, 'HS401', 0),
      (b: Baseline) => b.learnReading('dosing-plc', 'AIT402', 8),
      (b: Baseline) => b.learnTime(5),
      (b: Baseline) => b.learnTime(3),
    ];
    const learn = (order: typeof steps): string => {
      const baseline = new Baseline();
      for (const step of order) step(baseline);
      return formatBaseline(baseline);
    };
    fc.assert(
      fc.property(fc.shuffledSubarray(steps, { minLength: steps.length }), (order) => {
        expect(learn(order)).toBe(learn(steps));
      }),
    );
  });

  it('merges what two learned', () => {
    const one = new Baseline('works');
    one.learnTime(100);
    one.learnWrite(SCADA, DOSING, 'holding', 1, undefined, 5);
    one.learnRequest(SCADA, DOSING, 1, 'READ_COILS', { table: 'coil', address: 0, quantity: 4 });
    const two = new Baseline();
    two.learnTime(200);
    two.learnConversation(SCADA, DOSING, 'tcp', 502);
    two.learnWrite(SCADA, DOSING, 'holding', 1, undefined, 9);
    two.learnRequest(SCADA, DOSING, 1, 'READ_INPUT_REGISTERS', { table: 'input', address: 0, quantity: 2 });
    one.merge(two);
    expect(one.toJSON()).toMatchObject({
      plant: 'works',
      from: 100,
      to: 200,
      conversations: [{ port: 502 }],
      requests: [{ functions: ['READ_COILS', 'READ_INPUT_REGISTERS'], addresses: { coil: [[0, 3]], input: [[0, 1]] } }],
      writes: [{ low: 5, high: 9, count: 2 }],
    });
    expect(one.learnedFor).toBe(100);
  });

  it('judges values with a margin of a quarter of their spread, more of few, and not at all of a handful', () => {
    const baseline = new Baseline();
    const write = (count: number, address: number) => {
      for (let i = 0; i < count; i++) baseline.learnWrite(SCADA, DOSING, 'holding', address, undefined, i % 2 ? 10 : 8);
    };
    write(400, 1);
    write(9, 2);
    write(4, 3);
    expect([5.9, 6, 12, 12.1].map((value) => baseline.knowsValue(SCADA, DOSING, 'holding', 2, value))).toEqual([
      ...[false, true, true, false],
    ]);
    expect(baseline.knowsValue(SCADA, DOSING, 'holding', 3, 900)).toBeUndefined();
    const knows = (value: number): boolean | undefined => baseline.knowsValue(SCADA, DOSING, 'holding', 1, value);
    expect([7.4, 7.5, 9, 10.5, 10.6].map(knows)).toEqual([false, true, true, true, false]);
    expect(baseline.knowsValue(STRANGER, DOSING, 'holding', 1, 9)).toBeUndefined();
  });

  it('takes what stood at a point before it was written as normal too: seven equal orders say that much more', () => {
    const baseline = new Baseline();
    for (let i = 0; i < 7; i++) baseline.learnWrite(SCADA, DOSING, 'holding', 5, 'LIC301_SP', 48, i === 0 ? 50 : 48);
    const knows = (value: number): boolean | undefined => baseline.knowsValue(SCADA, DOSING, 'holding', 5, value);
    expect([45, 46, 50, 52, 53].map(knows)).toEqual([false, true, true, true, false]);
  });

  it('lets a count go on that takes longer to come round than learning took, and nothing else', () => {
    const baseline = new Baseline();
    for (let i = 1; i <= 10_000; i++) {
      if (i % 100 > 0) baseline.learnWrite(SCADA, DOSING, 'holding', 1, 'KI391', i, i - 1);
      baseline.learnWrite(SCADA, DOSING, 'holding', 2, 'AIC301_SP', 8 + (i % 5), 8);
    }
    const counts = (value: number, before?: number) => baseline.knowsValue(SCADA, DOSING, 'holding', 1, value, before);
    expect([counts(20_001, 20_000), counts(20_004, 20_000), counts(0, 32_767)]).toEqual([true, true, true]);
    expect([counts(20_001), counts(20_000, 20_000), counts(19_999, 20_000), counts(20_500, 20_000)]).toEqual(
      Array(4).fill(false),
    );
    expect(baseline.knowsValue(SCADA, DOSING, 'holding', 2, 20, 19)).toBe(false);
  });

  it('does not learn from refused writes and requests', () => {
    const traffic = new Traffic({ knowledge: knowledge(), learning: true });
    const flow = traffic.open(SCADA, DOSING);
    traffic.write(flow, 10, float(8), { exception_code: 'ILLEGAL_DATA_VALUE' });
    traffic.refuse(flow, 'READ_HOLDING_REGISTERS', 900);
    expect(traffic.baseline.toJSON()).toMatchObject({ requests: [], writes: [] });
  });

  it('does not learn from announced work, and takes up what goes on after it', () => {
    const orders = [order(['dosing-plc'], 0, 60)];
    const traffic = new Traffic({ knowledge: knowledge(orders), learning: true });
    const workstation = traffic.open(WORKSTATION, DOSING);
    traffic.write(workstation, 10, float(8));
    traffic.end(workstation, 'SF');
    const scada = traffic.open(SCADA, DOSING);
    traffic.read(scada, 'holding', 10, float(8));
    expect(traffic.baseline.toJSON()).toMatchObject({ conversations: [], requests: [], writes: [] });
    traffic.wait(60).read(scada, 'holding', 10, float(8));
    expect(traffic.baseline.toJSON()).toMatchObject({
      conversations: [{ source: SCADA, port: 502 }],
      requests: [{ source: SCADA, functions: ['READ_HOLDING_REGISTERS'] }],
      writes: [],
    });
  });

  it('is ready only when learning is over', () => {
    const traffic = new Traffic({ knowledge: knowledge(), learning: true });
    normalOperation(traffic);
    expect([traffic.judge.learning, traffic.judge.baselineReady]).toEqual([true, false]);
    traffic.open(STRANGER, DOSING, 80);
    expect(traffic.raised).toEqual([]);
    traffic.judge.stopLearning();
    expect([traffic.judge.learning, traffic.judge.baselineReady]).toEqual([false, true]);
    traffic.open(STRANGER, DOSING, 443);
    expect(traffic.raised).toEqual(['new-conversation']);
  });

  it('is bounded', () => {
    const baseline = new Baseline();
    for (let port = 0; port < 70_000; port++) baseline.learnConversation(SCADA, DOSING, 'tcp', port);
    expect(baseline.toJSON().conversations).toHaveLength(65_536);
    expect(baseline.dropped).toBe(70_000 - 65_536);
  });

  it.each([
    ['{"version": 3}', 'version'],
    ['{"version": 2, "plnat": null}', "unknown key 'plnat'; did you mean 'plant'?"],
    [formatBaseline(learnedBaseline()).replace('"low":7.5', '"low":75'), 'low stands above high'],
  ])('refuses a wrong file', (text, message) => {
    expect(() => parseBaseline(text, 'baseline.json')).toThrow(message);
    expect(() => parseBaseline(text, 'baseline.json')).toThrow('baseline.json:');
  });
});

describe('intervals', () => {
  it('hold the same numbers as a set', () => {
    const range = fc.tuple(fc.nat(60), fc.nat(6)).map(([low, size]): [number, number] => [low, low + size]);
    fc.assert(
      fc.property(fc.array(range), range, (ranges, [low, high]) => {
        const intervals = new Intervals();
        const set = new Set<number>();
        for (const [from, to] of ranges) {
          intervals.add(from, to);
          for (let i = from; i <= to; i++) set.add(i);
        }
        let all = true;
        for (let i = low; i <= high; i++) all &&= set.has(i);
        expect(intervals.covers(low, high)).toBe(all);
        const pairs = intervals.toJSON();
        pairs.slice(1).forEach(([from], i) => {
          expect(from).toBeGreaterThan((pairs[i] as [number, number])[1] + 1);
        });
      }),
    );
  });
});
