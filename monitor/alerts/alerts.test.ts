import { describe, expect, it } from 'vitest';
import type { EvidencePacket } from '../flows/evidence.ts';
import { type Alert, AlertBook, type Finding, type Incident } from './index.ts';

const finding = (seconds: number, more: Partial<Finding> = {}): Finding => ({
  epoch: 1_000_000e6 + seconds * 1e6,
  rule: { name: 'rule', title: 'A rule', level: 'medium', suppress: 300e6 },
  techniques: ['T0836'],
  device: { label: 'dosing-plc', address: '10.10.1.13' },
  source: { label: 'scada', address: '10.10.2.10' },
  tag: 'AIC401',
  detail: undefined,
  oldValue: 8,
  newValue: 11_100,
  unit: 'mg/L',
  message: 'message',
  why: 'why',
  ...more,
});
const packet = (number: number, size = 4): EvidencePacket => ({
  number,
  time: 0,
  linkType: 1,
  wireLength: size,
  bytes: new Uint8Array(size),
});
const book = (): { book: AlertBook; told: string[] } => {
  const told: string[] = [];
  const sink = {
    alert: (alert: Alert) => told.push(`alert ${alert.rule} ${alert.time}`),
    repeated: (alert: Alert) => told.push(`again ${alert.count}`),
    incident: (incident: Incident) => told.push(`incident ${incident.alertCount}`),
  };
  return { book: new AlertBook([sink], 1_000_000e6), told };
};

describe('alerts', () => {
  it('count repetitions within the suppression time and tell them again after it', () => {
    const { book: alerts, told } = book();
    for (const seconds of [1, 2, 300, 301, 302]) alerts.report(finding(seconds), [], () => [packet(1)]);
    expect(told).toEqual([
      'incident 1',
      'alert rule 1',
      'again 2',
      'again 3',
      'again 4',
      'incident 2',
      'alert rule 302',
    ]);
    expect(alerts.alerts.map((a) => [a.count, a.lastTime])).toEqual([
      [4, 301],
      [1, 302],
    ]);
    expect(alerts.repetitions).toBe(3);
  });

  it('keep different devices, tags and sources apart', () => {
    const { book: alerts } = book();
    alerts.report(finding(1), [], () => []);
    alerts.report(finding(1, { tag: 'HS401' }), [], () => []);
    alerts.report(finding(1, { device: { label: 'filter-plc', address: '10.10.1.12' } }), [], () => []);
    alerts.report(finding(1, { source: undefined }), [], () => []);
    expect(alerts.alerts).toHaveLength(4);
    expect(new Set(alerts.alerts.map((a) => a.id)).size).toBe(4);
  });

  it('have ids that depend on nothing but what happened', () => {
    const ids = [book().book, book().book].map((alerts) => {
      for (let i = 0; i < 5; i++) alerts.report(finding(i * 400), [], () => []);
      return alerts.alerts.map((a) => `${a.id} ${a.incident}`);
    });
    expect(ids[0]).toEqual(ids[1]);
  });

  it('limit what one rule raises in an hour, and count the rest', () => {
    const { book: alerts } = book();
    for (let i = 0; i < 200; i++) alerts.report(finding(i, { tag: `T${i}` }), [], () => []);
    expect(alerts.alerts).toHaveLength(120);
    expect(alerts.limited.get('rule')).toBe(80);
    alerts.report(finding(3800, { tag: 'later' }), [], () => []);
    expect(alerts.alerts).toHaveLength(121);
  });

  it('carry their packets, within bounds', () => {
    const { book: alerts } = book();
    const first = alerts.report(finding(0), [], () => [packet(7, 1e6), packet(9, 1e6)]);
    expect(first?.packets).toEqual([7, 9]);
    expect(alerts.evidence(first?.id ?? '')).toHaveLength(2);
    for (let i = 1; i <= 10; i++) alerts.report(finding(i * 400, { tag: `T${i}` }), [i], () => [packet(i, 1e6)]);
    expect(alerts.evidence(first?.id ?? '')).toEqual([]);
    expect(alerts.evidence(alerts.alerts.at(-1)?.id ?? '')).toHaveLength(1);
  });

  it('write no number that JSON does not have', () => {
    const { book: alerts } = book();
    alerts.report(
      finding(0, { oldValue: Number.NaN, newValue: Number.POSITIVE_INFINITY, unit: undefined }),
      [],
      () => [],
    );
    expect(alerts.alerts[0]).toMatchObject({ oldValue: null, newValue: null, unit: null });
  });
});

describe('incidents', () => {
  it('join alerts of one asset that share a technique or a source and follow closely', () => {
    const { book: alerts } = book();
    const raise = (seconds: number, tag: string, more: Partial<Finding> = {}): void => {
      alerts.report(finding(seconds, { tag, ...more }), [], () => []);
    };
    const other = { label: '10.10.2.99', address: '10.10.2.99' };
    raise(0, 'A');
    raise(60, 'B', { techniques: ['T0858'], rule: { name: 'r2', title: '', level: 'high', suppress: 1 } });
    raise(120, 'C', { source: other });
    raise(130, 'D', { source: { label: 'x', address: 'x' }, techniques: ['T0846'] });
    raise(140, 'E', { device: { label: 'filter-plc', address: '10.10.1.12' } });
    raise(4000, 'F');
    expect(alerts.incidents.map((i) => [i.asset, i.alertCount, i.severity, i.techniques, i.sources])).toEqual([
      ['dosing-plc', 4, 'high', ['T0858', 'T0836'], ['scada', '10.10.2.99']],
      ['dosing-plc', 1, 'medium', ['T0846'], ['x']],
      ['dosing-plc', 1, 'medium', ['T0836'], ['scada']],
    ]);
    // What one source does to several assets by one technique is one incident.
    expect(alerts.incidents[0]).toMatchObject({
      ...{
        from: 0,
        to: 140,
        devices: ['dosing-plc', 'filter-plc'],
        tags: ['A', 'B', 'C', 'E'],
        findings: 4,
        limited: 0,
      },
      rules: { rule: 3, r2: 1 },
      tactics: ['evasion', 'impair-process-control'],
      reached: 'impair-process-control',
    });
    expect(alerts.incidents[0]?.timeline.map((s) => [s.time, s.rule, s.device, s.tag])).toEqual([
      [0, 'rule', 'dosing-plc', 'A'],
      [60, 'r2', 'dosing-plc', 'B'],
      [120, 'rule', 'dosing-plc', 'C'],
      [140, 'rule', 'filter-plc', 'E'],
    ]);
  });

  it('keep assets apart that share neither source nor technique', () => {
    const { book: alerts } = book();
    alerts.report(finding(0), [], () => []);
    const other = { device: { label: 'filter-plc', address: '10.10.1.12' } };
    alerts.report(finding(1, { ...other, source: undefined }), [], () => []);
    alerts.report(finding(2, { ...other, techniques: ['T0846'] }), [], () => []);
    expect(alerts.incidents.map((i) => i.devices)).toEqual([['dosing-plc'], ['filter-plc'], ['filter-plc']]);
  });

  it('take a flood of 100,000 findings as one, and say how many there were', () => {
    const { book: alerts } = book();
    for (let i = 0; i < 100_000; i++) {
      const address = `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
      alerts.report(finding(i / 1000, { device: { label: address, address }, techniques: ['T0846'] }), [], () => []);
    }
    expect(alerts.incidents).toHaveLength(1);
    const { alertCount, findings, limited, devices, alerts: ids, timeline } = alerts.incidents[0] as Incident;
    expect([alertCount, findings, limited]).toEqual([120, 100_000, 99_880]);
    expect([devices.length, ids.length, timeline.length]).toEqual([256, 120, 64]);
  });

  it('take a flood from forged sources against many assets as few', () => {
    const { book: alerts } = book();
    for (let i = 0; i < 20_000; i++) {
      const [asset, source] = [`10.0.${i >> 8}.${i & 255}`, `172.16.${i >> 8}.${i & 255}`];
      const ends = { device: { label: asset, address: asset }, source: { label: source, address: source } };
      alerts.report(finding(i / 1000, ends), [], () => []);
    }
    expect(alerts.incidents).toHaveLength(120);
    expect(alerts.incidents.reduce((sum, i) => sum + i.findings, 0)).toBe(20_000);
  });
});

describe('what flutters', () => {
  const after = (level: 'medium' | 'high', hours: number): number => {
    const { book: alerts } = book();
    const rule = { name: 'rule', title: '', level, suppress: 300e6 };
    for (let second = 0; second < hours * 3600; second += 60) alerts.report(finding(second, { rule }), [], () => []);
    expect(alerts.alerts.reduce((sum, alert) => sum + alert.count, 0)).toBe(hours * 60);
    return alerts.alerts.length;
  };

  it('is told more and more seldom, but to those who are called at least once an hour', () => {
    expect([after('medium', 24), after('high', 24)]).toEqual([11, 27]);
  });

  it('is told as at first after a quiet time', () => {
    const { book: alerts } = book();
    for (const seconds of [0, 301, 10_000, 10_301]) alerts.report(finding(seconds), [], () => []);
    expect(alerts.alerts.map((alert) => alert.time)).toEqual([0, 301, 10_000, 10_301]);
  });
});

describe('alerts per hour', () => {
  const rate = (times: readonly number[], until: number) => {
    const { book: alerts } = book();
    times.forEach((time, i) => {
      const rule = { name: `rule ${i}`, title: '', level: i % 2 ? ('high' as const) : ('low' as const), suppress: 1 };
      alerts.report(finding(time, { rule }), [], () => []);
    });
    return alerts.rate(1_000_000e6 + until * 1e6);
  };

  it('are told by severity, with the worst hour and floods', () => {
    const burst = Array.from({ length: 40 }, (_, i) => 7300 + i);
    expect(rate([10, 20, ...burst], 10 * 3600)).toEqual({
      hours: 10,
      perHour: 4.2,
      bySeverity: {
        informational: { alerts: 0, perHour: 0 },
        low: { alerts: 21, perHour: 2.1 },
        medium: { alerts: 0, perHour: 0 },
        high: { alerts: 21, perHour: 2.1 },
        critical: { alerts: 0, perHour: 0 },
      },
      worstHour: { from: 7200, alerts: 40 },
      floods: 1,
      rating: 'acceptable',
    });
  });

  it('are rated as alarm systems are, and a short watch is no hour', () => {
    const every = (seconds: number) =>
      rate(
        Array.from({ length: 86_400 / seconds }, (_, i) => i * seconds),
        86_400,
      );
    expect([every(600).rating, every(400).rating, every(240).rating]).toEqual(['acceptable', 'manageable', 'too many']);
    expect(rate([1, 2], 60)).toMatchObject({ perHour: 2, hours: 60 / 3600, rating: 'acceptable' });
    expect(rate([], 0)).toMatchObject({ perHour: 0, worstHour: null, floods: 0 });
  });
});
